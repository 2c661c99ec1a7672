import { useQuery } from '@tanstack/react-query';

import { deleteHolder, putTrust, role } from '../api/access';
import { Copy } from '../ui/Copy';
import { duration } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { Boundary, Held } from './Held';
import { HeadActions } from './Head';
import { PolicyForm } from './PolicyForm';

/** A role: who may assume it, and what it may do. */
export function RoleSheet(props: { name: string; onClose: () => void }) {
  const q = useQuery(role(props.name));
  const r = q.data;
  return (
    <Sheet
      label={`Role ${props.name}`}
      title={props.name}
      onClose={props.onClose}
      actions={
        <HeadActions
          what="role"
          name={props.name}
          as={r?.arn}
          onDelete={() => deleteHolder('roles', props.name)}
          onDeleted={props.onClose}
          warning={
            <>
              Delete the role <b>{props.name}</b>? Its sessions end, and what runs as it is refused.
            </>
          }
        />
      }
    >
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the role" />}
      {r && (
        <>
          <Part title="Role">
            <Copy value={r.arn} label="Copy the ARN" />
            {r.description && <p>{r.description}</p>}
            <p className="num muted">sessions of at most {duration(r.max_session_s * 1000)}</p>
          </Part>
          <Part title="Who may assume it">
            <PolicyForm text={r.trust} kind="trust" action="Save" onSave={(text) => putTrust(r.name, text)} />
          </Part>
          <Held kind="roles" holder={r} />
          <Boundary kind="roles" holder={r} />
        </>
      )}
    </Sheet>
  );
}
