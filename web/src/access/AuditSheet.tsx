import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { AuditEntry } from '../api/types';
import { moment } from '../ui/format';
import { Part, Sheet } from '../ui/Sheet';
import { placeOf } from './evaluation';
import list from '../ui/list.module.css';

function Fact(props: { name: string; children: ReactNode }) {
  if (!props.children) return null;
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

/** One line of the audit, whole. */
export function AuditSheet(props: { entry: AuditEntry; onClose: () => void }) {
  const e = props.entry;
  const at = e.policy ? placeOf(e.policy) : undefined;
  return (
    <Sheet label={`Line ${e.seq} of the audit`} title={<span className="num">Line {e.seq}</span>} onClose={props.onClose}>
      <Part title={e.action}>
        <dl className={list.facts}>
          <Fact name="Time">
            <span className="num">{moment(e.time)}</span>
          </Fact>
          <Fact name="Event">{e.event}</Fact>
          <Fact name="Outcome">{e.outcome}</Fact>
          <Fact name="Principal">{e.principal && <code>{e.principal}</code>}</Fact>
          <Fact name="Action">{e.action && <code>{e.action}</code>}</Fact>
          <Fact name="Resource">{e.resource && <code>{e.resource}</code>}</Fact>
          <Fact name="Reason">{e.reason}</Fact>
          <Fact name="Policy">
            {at && !('bucket' in at) ? (
              <Link to="/access" search={at}>
                {e.policy}
              </Link>
            ) : (
              e.policy
            )}
          </Fact>
          <Fact name="Statement">{e.statement}</Fact>
          <Fact name="From">{e.source_ip}</Fact>
          <Fact name="Request">{e.request_id && <code>{e.request_id}</code>}</Fact>
        </dl>
      </Part>
      {e.event === 'decision' && (
        <Part title="Why?">
          <p>
            <Link to="/access" search={{ view: 'why', as: e.principal, action: e.action, resource: e.resource }}>
              See what would decide now
            </Link>
          </p>
          {e.action.startsWith('s3:') && <p className="muted">The audit hides keys of objects; put the key into the question.</p>}
        </Part>
      )}
    </Sheet>
  );
}
