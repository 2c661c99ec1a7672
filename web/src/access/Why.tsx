import { Autocomplete, Button, Textarea } from '@mantine/core';
import { IconEye } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';

import { actions, explanation, groups, roles, users } from '../api/access';
import { session } from '../api/session';
import type { Explanation } from '../api/types';
import { Empty } from '../ui/Empty';
import { ProblemView, sentence } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import type { ViewProps } from './AccessPage';
import { Chain } from './Chain';
import list from '../ui/list.module.css';
import css from './access.module.css';

/** An ARN of a user, group or role, as people write it. */
const short = (who: string) => who.replace(/^arn:aws:iam::\d*:(?=user|group|role)/, '').replace(/^user\/(?=[^/]+$)/, '');

/** Asks what would be decided, and shows what decides. The question is in the address. */
export function Why({ search }: ViewProps) {
  const navigate = useNavigate();
  const me = useQuery(session).data?.user.name ?? '';
  const q = {
    as: search.as ?? '',
    action: search.action ?? '',
    resource: search.resource ?? '',
    context: search.context ?? '',
  };
  const answer = useQuery(explanation(q));
  const ask = (asked: typeof q) => void navigate({ to: '/access', search: { view: 'why', ...asked } });
  return (
    <div className={list.scroll}>
      <Form key={JSON.stringify(q)} start={{ ...q, as: short(q.as || me) }} onAsk={ask} />
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isFetching && <Waiting label="Deciding" />}
      {q.action === '' && <Empty>Choose who would do what to which resource, and see which statement of which policy decides.</Empty>}
      {answer.data && <Answer of={answer.data} onContext={(context) => ask({ ...q, context })} context={q.context} />}
    </div>
  );
}

function Form(props: { start: { as: string; action: string; resource: string; context: string }; onAsk: (q: typeof props.start) => void }) {
  const [q, setQ] = useState(props.start);
  const administrator = useQuery(session).data?.user.administrator ?? false;
  // Who may not list them writes the name.
  const us = useQuery({ ...users, enabled: administrator });
  const gs = useQuery({ ...groups, enabled: administrator });
  const rs = useQuery({ ...roles, enabled: administrator });
  const known = useQuery(actions);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    props.onAsk({ ...q, as: q.as.trim(), action: q.action.trim(), resource: q.resource.trim(), context: q.context.trim() });
  };
  return (
    <form className={css.question} onSubmit={submit}>
      <Autocomplete
        size="xs"
        label="Who"
        description="a user, group/NAME, role/NAME or an ARN"
        value={q.as}
        onChange={(as) => setQ({ ...q, as })}
        data={[...new Set([...(us.data ?? []).map((u) => u.name), ...(gs.data ?? []).map((g) => `group/${g.name}`), ...(rs.data ?? []).map((r) => `role/${r.name}`)])]}
        comboboxProps={{ shadow: 'sm' }}
        spellCheck={false}
        autoCapitalize="none"
      />
      <Autocomplete
        size="xs"
        label="Does what"
        description="an action, as s3:GetObject"
        value={q.action}
        onChange={(action) => setQ({ ...q, action })}
        data={known.data ?? []}
        limit={30}
        required
        withAsterisk={false}
        comboboxProps={{ shadow: 'sm' }}
        spellCheck={false}
        autoCapitalize="none"
      />
      <Autocomplete
        size="xs"
        label="To what"
        description="an ARN; empty means *"
        value={q.resource}
        onChange={(resource) => setQ({ ...q, resource })}
        data={[]}
        spellCheck={false}
        autoCapitalize="none"
        className={css.wide}
      />
      <Textarea
        size="xs"
        label="Under which conditions"
        description="lines of key=value, as aws:SourceIp=192.0.2.7"
        value={q.context}
        onChange={(e) => setQ({ ...q, context: e.currentTarget.value })}
        autosize={false}
        rows={q.context.split('\n').length}
        spellCheck={false}
        className={css.wide}
      />
      <Button type="submit" size="xs">
        Ask
      </Button>
    </form>
  );
}

function Answer(props: { of: Explanation; context: string; onContext: (context: string) => void }) {
  const e = props.of;
  return (
    <section className={css.answer} aria-label="Answer">
      <p className={css.verdict} data-allowed={e.allowed || undefined} role="status">
        <b>{e.allowed ? 'Allowed' : 'Refused'}</b>
        <span>{sentence(e.sentence)}</span>
      </p>
      <Chain of={e} />
      {e.sights.map((s) => (
        <p key={`${s.database}.${s.table}`} className={css.sight}>
          <IconEye size={15} aria-hidden />
          <span>
            {sentence(s.sentence)}
            {s.rules.map((r, i) => (
              <span key={r}>
                {i === 0 ? ' See ' : ', '}
                <Link to="/access" search={{ view: 'rules', name: `${s.database}/${s.table}/${r}` }}>
                  {r}
                </Link>
              </span>
            ))}
          </span>
        </p>
      ))}
      {e.missing.length > 0 && (
        <div className={css.missing}>
          <p>With values for these condition keys the decision may be another:</p>
          <ul className={css.chips}>
            {e.missing.map((k) => (
              <li key={k}>
                <button type="button" className={`bare ${css.chipButton}`} onClick={() => props.onContext(`${props.context ? props.context + '\n' : ''}${k}=`)}>
                  {k}
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
      <p className={css.cli}>
        <code>
          lethe access explain --as {short(e.principal)} --action {e.action} --resource '{e.resource}'
        </code>
      </p>
    </section>
  );
}
