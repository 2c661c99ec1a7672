import { Button, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { closed, deleteHold, type Hold, holds, mappings, putHold, requests } from '../api/erasure';
import { Confirm } from '../buckets/Confirm';
import { Empty } from '../ui/Empty';
import { ago, counted, day, moment } from '../ui/format';
import list from '../ui/list.module.css';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import type { ViewProps } from './ErasurePage';
import { shortID } from './state';

const kinds = [
  { value: 'hold', label: 'Legal hold, as for a court' },
  { value: 'exemption', label: 'Exemption, as for legal claims' },
];

/** Reasons not to erase, with who gave them and when they end. */
export function Holds({ search, onSearch }: ViewProps) {
  const q = useQuery(holds);
  const [ending, setEnding] = useState<Hold | null>(null);
  const make = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => onSearch({ name: 'new' })}>
      New hold
    </Button>
  );
  return (
    <div className={list.split}>
      <div className={list.content}>
        <div className={list.bar}>
          <span className="muted">Reasons not to erase.</span>
          <span className={list.barEnd}>{make}</span>
        </div>
        <div className={list.scroll}>
          {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
          {q.isPending && <Waiting label="Loading holds" />}
          {q.data?.length === 0 && <Empty action={make}>A hold keeps what the law wants kept: under a mapping, of one request or of all, until a day.</Empty>}
          {q.data && q.data.length > 0 && (
            <table className={list.list}>
              <thead>
                <tr>
                  <th>Of</th>
                  <th>Reason</th>
                  <th>Until</th>
                  <th className={list.roomy}>Made</th>
                  <th>
                    <span className="visually-hidden">End</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {q.data.map((h) => (
                  <tr key={h.id}>
                    <td>
                      <Of hold={h} />
                      {h.kind === 'exemption' && <span className={list.chip}>exemption</span>}
                    </td>
                    <td>{h.reason}</td>
                    <td className="num">{h.until ? day(h.until) : <span className="muted">no end</span>}</td>
                    <td className={`num muted ${list.roomy}`}>
                      <time title={moment(h.made)}>{ago(h.made)}</time> by {h.by}
                    </td>
                    <td className={list.right}>
                      <Button variant="default" onClick={() => setEnding(h)}>
                        End
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
        {q.data && q.data.length > 0 && <div className={list.under}>{counted(q.data.length, 'reason')}</div>}
      </div>
      {search.name === 'new' && <NewHold onClose={() => onSearch({ name: undefined })} />}
      {ending && (
        <Confirm title="End the hold" action="End it" onClose={() => setEnding(null)} onConfirm={async () => void (await deleteHold(ending.id))}>
          End it? What it kept can be erased from then on.
        </Confirm>
      )}
    </div>
  );
}

function Of({ hold: h }: { hold: Hold }) {
  if (h.request)
    return (
      <Link to="/erasure/$request" params={{ request: h.request }}>
        request <code>{shortID(h.request)}</code>
      </Link>
    );
  if (!h.mapping) return 'every request';
  return (
    <Link to="/erasure" search={{ view: 'mappings', name: h.mapping }}>
      mapping {h.mapping}
    </Link>
  );
}

function NewHold(props: { onClose: () => void }) {
  const ms = useQuery(mappings).data ?? [];
  const open = (useQuery(requests).data ?? []).filter((r) => !closed(r));
  const [kind, setKind] = useState<Hold['kind']>('hold');
  const [of, setOf] = useState<string | null>(null);
  const ofMapping = of?.startsWith('mapping/');
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const save = useMutation({
    mutationFn: () => {
      const [what, name] = [of!.slice(0, of!.indexOf('/')), of!.slice(of!.indexOf('/') + 1)];
      return putHold({ kind, ...(name ? { [what]: name } : {}), reason: reason.trim(), ...(until ? { until: new Date(until).toISOString() } : {}) });
    },
    onSuccess: props.onClose,
  });
  return (
    <Sheet label="New hold" title="New hold" onClose={props.onClose}>
      <Part title="Hold">
        <form
          className={list.form}
          onSubmit={(e) => {
            e.preventDefault();
            save.mutate();
          }}
        >
          <Select label="Kind" data={kinds} value={kind} comboboxProps={{ shadow: 'sm' }} onChange={(v) => {
              if (!v) return;
              setKind(v as Hold['kind']);
              if (v === 'exemption' && !ofMapping) setOf(null);
            }} />
          <Select
            label="Of"
            placeholder={kind === 'hold' ? 'A mapping, a request or all' : 'A mapping'}
            data={[
              ...(kind === 'hold' ? [{ value: 'all/', label: 'Every request' }] : []),
              { group: 'Mappings', items: ms.map((m) => ({ value: `mapping/${m.name}`, label: m.name })) },
              // An exemption is of what lies under a mapping.
              ...(kind === 'hold' ? [{ group: 'Requests', items: open.map((r) => ({ value: `request/${r.id}`, label: shortID(r.id) })) }] : []),
            ]}
            value={of}
            searchable
            comboboxProps={{ shadow: 'sm' }}
            onChange={setOf}
          />
          <Textarea size="xs" label="Reason" value={reason} onChange={(e) => setReason(e.currentTarget.value)} rows={2} />
          <TextInput type="date" label="Until" value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
          <p className="muted">{ofMapping || kind === 'exemption' ? 'What lies under the mapping stays, as an exception of every request; all else is erased.' : 'The request waits, and is erased once the hold ends.'}</p>
          {save.error && <ProblemView error={save.error} compact />}
          <div className={list.choices}>
            <Button variant="default" onClick={props.onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending} disabled={!of || reason.trim() === ''}>
              Create hold
            </Button>
          </div>
        </form>
      </Part>
    </Sheet>
  );
}
