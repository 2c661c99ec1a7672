import { ActionIcon, Button, CopyButton, PasswordInput, Select } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { deleteSecret, putValue, restoreSecret, revealValue, rotateSecret, rotators, secret } from '../api/secrets';
import type { KeptSecret } from '../api/types';
import { Confirm } from '../buckets/Confirm';
import { Copy } from '../ui/Copy';
import { ago, day, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import css from './access.module.css';

/** How long a deleted secret can be restored, in days. */
const recoverable = 30;

/** A secret: what it is for, its value on demand, its versions and its rotation. */
export function SecretSheet(props: { name: string; onClose: () => void }) {
  const q = useQuery(secret(props.name));
  const [removing, setRemoving] = useState(false);
  const restore = useMutation({ mutationFn: () => restoreSecret(props.name) });
  const s = q.data;
  return (
    <Sheet
      label={`Secret ${props.name}`}
      title={props.name}
      onClose={props.onClose}
      actions={
        s &&
        !s.purge && (
          <ActionIcon aria-label="Delete the secret" onClick={() => setRemoving(true)}>
            <IconTrash size={16} />
          </ActionIcon>
        )
      }
    >
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the secret" />}
      {s && (
        <>
          <Part title="Secret">
            <Copy value={s.arn} label="Copy the ARN" />
            {s.description && <p>{s.description}</p>}
            <p className="num muted">
              made {moment(s.created)} · {s.accessed ? `read on ${day(s.accessed)}` : 'never read'}
            </p>
          </Part>
          {s.purge ? (
            <Part title="Deleted" note={`gone for good on ${moment(s.purge)}`}>
              <div className={list.choices}>
                <Button loading={restore.isPending} onClick={() => restore.mutate()}>
                  Restore
                </Button>
              </div>
              {restore.error && <ProblemView error={restore.error} compact />}
            </Part>
          ) : (
            <>
              <Value of={s} />
              <Rotation of={s} />
            </>
          )}
          <Part title="Versions">
            <ul className={css.items}>
              {(s.versions ?? []).map((v) => (
                <li key={v.id}>
                  <span className={css.keyFacts}>
                    <code>{v.id}</code>
                    <span className="num muted">made {ago(v.created)}</span>
                  </span>
                  <span className={css.itemEnd}>
                    {v.stages.map((l) => (
                      <span key={l} className={list.chip}>
                        {l}
                      </span>
                    ))}
                  </span>
                </li>
              ))}
            </ul>
            {!s.versions && <p className="muted">The secret has no value yet.</p>}
          </Part>
        </>
      )}
      {removing && (
        <Confirm title="Delete secret" action="Delete" onClose={() => setRemoving(false)} onConfirm={async () => void (await deleteSecret(props.name, recoverable))}>
          Delete the secret <b>{props.name}</b>? What reads it is refused from now on. It can be restored for {recoverable} days.
        </Confirm>
      )}
    </Sheet>
  );
}

/** The value, which is shown when it is asked for, and another one. */
function Value({ of: s }: { of: KeptSecret }) {
  const [setting, setSetting] = useState(false);
  const [text, setText] = useState('');
  const reveal = useMutation({ mutationFn: () => revealValue(s.name), gcTime: 0 });
  const put = useMutation({
    mutationFn: () => putValue(s.name, text),
    onSuccess: () => {
      reveal.reset();
      setSetting(false);
      setText('');
    },
  });
  const shown = reveal.data && (reveal.data.text ?? reveal.data.binary ?? '');
  return (
    <Part
      title="Value"
      note={shown === undefined ? 'reading it is in the audit' : undefined}
      action={
        !setting && (
          <>
            {shown === undefined ? (
              s.versions && (
                <Button variant="subtle" loading={reveal.isPending} onClick={() => reveal.mutate()}>
                  Reveal
                </Button>
              )
            ) : (
              <Button variant="subtle" onClick={() => reveal.reset()}>
                Hide
              </Button>
            )}
            <Button variant="subtle" onClick={() => setSetting(true)}>
              {s.versions ? 'Change' : 'Set'}
            </Button>
          </>
        )
      }
    >
      {shown !== undefined && (
        <div className={css.revealed}>
          <pre tabIndex={0} aria-label="Value">
            {shown}
          </pre>
          <CopyButton value={shown}>
            {({ copied, copy }) => (
              <Button variant="subtle" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        </div>
      )}
      {reveal.error && <ProblemView error={reveal.error} compact />}
      {setting && (
        <form
          className={css.inlineForm}
          onSubmit={(e) => {
            e.preventDefault();
            put.mutate();
          }}
        >
          <PasswordInput size="xs" label="New value" description="The value of now becomes AWSPREVIOUS." autoComplete="off" value={text} onChange={(e) => setText(e.currentTarget.value)} autoFocus />
          <div className={list.choices}>
            <Button variant="default" onClick={() => setSetting(false)}>
              Cancel
            </Button>
            <Button type="submit" loading={put.isPending} disabled={text === ''}>
              Put value
            </Button>
          </div>
        </form>
      )}
      {put.error && <ProblemView error={put.error} compact />}
    </Part>
  );
}

/** What gives the secret another value by itself, and now. */
function Rotation({ of: s }: { of: KeptSecret }) {
  const [by, setBy] = useState<string | null>(null);
  const rotate = useMutation({ mutationFn: (how: { function?: string; days?: number }) => rotateSecret(s.name, how), onSuccess: () => setBy(null) });
  const r = s.rotation;
  const chosen = rotators.find((f) => f.value === by);
  return (
    <Part
      title="Rotation"
      note={r ? (r.next ? `next ${moment(r.next)}` : 'when it is asked for') : 'none'}
      action={
        r && (
          <Button variant="subtle" loading={rotate.isPending} onClick={() => rotate.mutate({})}>
            Rotate now
          </Button>
        )
      }
    >
      {r ? (
        <p className="num muted">
          by {rotators.find((f) => f.value === r.function)?.label.toLowerCase() ?? r.function}
          {r.days ? `, every ${r.days} days` : ''}
          {r.last ? `, last ${ago(r.last)}` : ', not yet'}
        </p>
      ) : (
        s.versions && (
          <div className={css.inlineForm}>
            <Select
              label="Rotate every 30 days, and now"
              description={chosen ? `The value must be a JSON object with ${chosen.needs}.` : 'what the secret is decides what makes the next one'}
              placeholder="Choose what it is"
              data={rotators}
              value={by}
              onChange={setBy}
              comboboxProps={{ shadow: 'sm' }}
            />
            {by && (
              <div className={list.choices}>
                <Button variant="default" onClick={() => setBy(null)}>
                  Cancel
                </Button>
                <Button loading={rotate.isPending} onClick={() => rotate.mutate({ function: by, days: 30 })}>
                  Rotate
                </Button>
              </div>
            )}
          </div>
        )
      )}
      {rotate.error && <ProblemView error={rotate.error} compact />}
    </Part>
  );
}
