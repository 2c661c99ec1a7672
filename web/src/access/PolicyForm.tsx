import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';

import { check, type PolicyKind } from '../api/access';
import type { Remark } from '../api/types';
import { ProblemView } from '../ui/Problem';
import list from '../ui/list.module.css';
import css from './access.module.css';

const PolicyEditor = lazy(() => import('./PolicyEditor'));

/** A policy's text, written and saved; what is wrong with it is said where it stands. */
export function PolicyForm(props: {
  text: string;
  kind: PolicyKind;
  action: string;
  disabled?: boolean;
  onSave: (text: string) => Promise<unknown>;
  onCancel?: () => void;
}) {
  const [text, setText] = useState(props.text);
  const [remarks, setRemarks] = useState<{ error?: Remark; warnings: Remark[] }>({ warnings: [] });
  const save = useMutation({
    mutationFn: async () => {
      const found = await check(text, props.kind);
      setRemarks(found);
      if (!found.error) await props.onSave(text);
    },
  });
  return (
    <div className={css.policyForm}>
      <PolicyText text={props.text} kind={props.kind} onChange={setText} onChecked={setRemarks} />
      <Remarks {...remarks} />
      {save.error && <ProblemView error={save.error} compact />}
      <div className={list.choices}>
        {props.onCancel && (
          <Button variant="default" onClick={props.onCancel}>
            Cancel
          </Button>
        )}
        <Button loading={save.isPending} disabled={(props.disabled ?? false) || remarks.error !== undefined} onClick={() => save.mutate()}>
          {props.action}
        </Button>
      </div>
    </div>
  );
}

/** The editor of a policy's text, or the text itself while the editor is loaded. */
export function PolicyText(props: {
  text: string;
  kind: PolicyKind;
  readOnly?: boolean;
  onChange?: (text: string) => void;
  onChecked?: (found: { error?: Remark; warnings: Remark[] }) => void;
}) {
  return (
    <div className={css.policyText}>
      <Suspense fallback={<pre className={css.policyWaiting}>{props.text}</pre>}>
        <PolicyEditor {...props} />
      </Suspense>
    </div>
  );
}

function Remarks({ error, warnings }: { error?: Remark; warnings: Remark[] }) {
  const all = error ? [error] : warnings;
  if (all.length === 0) return null;
  return (
    <ul className={css.remarks} role={error ? 'alert' : undefined}>
      {all.map((r) => (
        <li key={`${r.line}:${r.column}:${r.message}`} data-error={error !== undefined || undefined}>
          <span className="num muted">
            {r.line}:{r.column}
          </span>
          <span>
            {r.path && <code>{r.path}: </code>}
            {r.message}
          </span>
        </li>
      ))}
    </ul>
  );
}
