import { ActionIcon, Button, Radio, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';

import type { DataSetDraft, Share } from '../api/dash';
import { putShares, shares } from '../api/datasets';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import list from '../ui/list.module.css';
import { Who } from './Who';
import { nameOf } from '../ui/principal';
import type { Change } from './Workbench';
import css from './datasets.module.css';

type Rule = NonNullable<DataSetDraft['rules']>[number];

/** Who may see which rows, and who may use the data set. */
export function AccessView(props: { id: string | undefined; draft: DataSetDraft; change: Change }) {
  const { draft, change } = props;
  return (
    <div className={css.parts}>
      <h2 className="visually-hidden">Who sees what</h2>
      <Part title="Tables are read as">
        <Radio.Group aria-label="Tables are read as" value={draft.read_as} onChange={(v) => change((d) => ({ ...d, read_as: v as DataSetDraft['read_as'] }))}>
          <div className={css.radios}>
            <Radio size="xs" value="viewer" label="The viewer" description="Each viewer needs permission to read the tables, and sees what they may see of them." />
            <Radio
              size="xs"
              value="owner"
              label="The owner"
              description="Whoever it is shared with sees what its owner may read, without permission of their own. Rules that keep rows or columns of the tables from a viewer still do."
            />
          </div>
        </Radio.Group>
      </Part>
      <Rules draft={draft} change={change} />
      {props.id === undefined ? (
        <Part title="Shared with">
          <p className="muted">Save the data set first, then share it.</p>
        </Part>
      ) : (
        <Shares id={props.id} />
      )}
    </div>
  );
}

/** Which rows each viewer sees. */
function Rules({ draft, change }: { draft: DataSetDraft; change: Change }) {
  const all = draft.rules ?? [];
  const put = (rules: Rule[], kind?: string) => change((d) => ({ ...d, rules: rules.length > 0 ? rules : undefined }), kind);
  const set = (i: number, to: Partial<Rule>, kind?: string) =>
    put(
      all.map((r, j) => (i === j ? { ...r, ...to } : r)),
      kind && `${kind} ${i}`,
    );
  return (
    <Part
      title="Rules of rows"
      note={all.length === 0 ? 'everybody sees all rows' : 'who is named by no rule sees no rows'}
      action={
        <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => put([...all, { name: `rule ${all.length + 1}`, principals: [], filter: '' }])}>
          Add rule
        </Button>
      }
    >
      <ul className={css.entries}>
        {all.map((r, i) => (
          // oxlint-disable-next-line react/no-array-index-key -- names are being written
          <li key={i}>
            <TextInput label="Name" value={r.name} onChange={(e) => set(i, { name: e.currentTarget.value }, 'rule name')} spellCheck={false} />
            <div>
              <p className={css.label}>These see</p>
              <ul className={css.people}>
                {r.principals.map((p) => (
                  <li key={p} title={p}>
                    {p === '*' ? 'everybody' : nameOf(p)}
                    <ActionIcon size={20} aria-label={`Remove ${nameOf(p)} from ${r.name}`} onClick={() => set(i, { principals: r.principals.filter((o) => o !== p) })}>
                      <IconX size={13} />
                    </ActionIcon>
                  </li>
                ))}
              </ul>
              <Who label={`Add somebody to ${r.name}`} everybody without={r.principals} onPick={(p) => set(i, { principals: [...r.principals, p] })} />
            </div>
            <Textarea
              size="xs"
              label="rows where"
              description="a condition over fields; current_user, in_group('NAME') and principal_tag('KEY') tell who looks; empty is all rows"
              placeholder="country = 'Germany'"
              classNames={{ input: css.sql }}
              autosize
              minRows={2}
              value={r.filter ?? ''}
              onChange={(e) => set(i, { filter: e.currentTarget.value }, 'rule filter')}
              spellCheck={false}
              autoCapitalize="none"
            />
            <ActionIcon size={22} className={css.entryEnd} aria-label={`Delete ${r.name}`} onClick={() => put(all.filter((_, j) => j !== i))}>
              <IconX size={14} />
            </ActionIcon>
          </li>
        ))}
      </ul>
    </Part>
  );
}

const roles = [
  { value: 'viewer', label: 'may look at it' },
  { value: 'editor', label: 'may change it' },
];

/** Who may use the data set; each choice counts at once. */
function Shares({ id }: { id: string }) {
  const q = useQuery(shares(id));
  const save = useMutation({ mutationFn: (to: Share[]) => putShares(id, to) });
  const all = q.data ?? [];
  return (
    <Part title="Shared with" note="counts at once; viewers of a dashboard need no share of its data sets">
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} compact />}
      {save.error && <ProblemView error={save.error} compact />}
      {q.data && (
        <div className={list.form}>
          <ul className={css.shares}>
            {all.map((s) => (
              <li key={s.principal}>
                <span className="clip" title={s.principal}>
                  {nameOf(s.principal)}
                  {s.principal.includes(':group/') && <span className={list.chip}>group</span>}
                </span>
                <Select
                  aria-label={`What ${nameOf(s.principal)} may`}
                  data={roles}
                  value={s.role}
                  comboboxProps={{ shadow: 'sm' }}
                  onChange={(role) => save.mutate(all.map((o) => (o === s ? { ...s, role: role as Share['role'] } : o)))}
                />
                <ActionIcon size={22} aria-label={`Share no more with ${nameOf(s.principal)}`} onClick={() => save.mutate(all.filter((o) => o !== s))}>
                  <IconX size={14} />
                </ActionIcon>
              </li>
            ))}
          </ul>
          <Who label="Share with" without={all.map((s) => s.principal)} onPick={(principal) => save.mutate([...all, { principal, role: 'viewer' }])} />
        </div>
      )}
    </Part>
  );
}
