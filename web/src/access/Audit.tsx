import { Select, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';

import { audit } from '../api/access';
import type { AuditEntry } from '../api/types';
import type { AccessSearch } from '../router';
import { Empty } from '../ui/Empty';
import { moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { AuditSheet } from './AuditSheet';
import type { ViewProps } from './AccessPage';
import { ChainState } from './ChainState';
import list from '../ui/list.module.css';
import css from './access.module.css';

const height = 30;
const phoneHeight = 48;

const outcomes = [
  { value: 'any', label: 'Any outcome' },
  { value: 'allowed', label: 'Allowed' },
  { value: 'denied', label: 'Denied' },
  { value: 'done', label: 'Done' },
  { value: 'failed', label: 'Failed' },
];

/** How long after the last key a filter counts. */
const restMS = 400;

/** What was decided, changed and logged in, the latest first. */
export function Audit({ search }: ViewProps) {
  const navigate = useNavigate();
  const filter = {
    principal: search.principal,
    action: search.action,
    outcome: search.outcome,
    from: search.from,
    to: search.to,
  };
  const set = (change: Partial<AccessSearch>) =>
    void navigate({ to: '/access', search: { view: 'audit', ...filter, line: search.line, ...change }, replace: true });
  const q = useInfiniteQuery(audit(filter));
  const entries = useMemo(() => q.data?.pages.flatMap((p) => p.entries) ?? [], [q.data]);
  const open = entries.find((e) => String(e.seq) === search.line);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = q;
  // A page may be empty and still go on.
  useEffect(() => {
    if (entries.length === 0 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [entries.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <div className={list.split}>
      <div className={list.content}>
        <div className={list.bar}>
          <Late label="Principal" placeholder="Principal" find value={filter.principal} onSet={(principal) => set({ principal })} />
          <Late label="Action" placeholder="Action, as s3:*" value={filter.action} onSet={(action) => set({ action })} />
          <Select
            aria-label="Outcome"
            className={css.choice}
            data={outcomes}
            value={filter.outcome ?? 'any'}
            comboboxProps={{ shadow: 'sm' }}
            onChange={(v) => set({ outcome: v === 'any' ? undefined : (v ?? undefined) })}
          />
          <Moment label="From" value={filter.from} onSet={(from) => set({ from })} />
          <Moment label="To" value={filter.to} onSet={(to) => set({ to })} />
        </div>
        {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
        {(q.isPending || (entries.length === 0 && hasNextPage)) && !q.error && <Waiting label="Reading the audit" />}
        {q.data && entries.length === 0 && !hasNextPage && <Empty>Nothing in the audit is like this.</Empty>}
        {entries.length > 0 && (
          <Lines
            entries={entries}
            selected={search.line}
            search={{ view: 'audit', ...filter }}
            onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
          />
        )}
        <div className={list.under}>
          <ChainState />
        </div>
      </div>
      {open && <AuditSheet entry={open} onClose={() => set({ line: undefined })} />}
    </div>
  );
}

/** A text that counts once it is written. */
function Late(props: { label: string; placeholder: string; find?: boolean; value: string | undefined; onSet: (v: string | undefined) => void }) {
  const [text, setText] = useState(props.value ?? '');
  const timer = useRef(0);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  return (
    <TextInput
      {...(props.find ? { 'data-find': true } : {})}
      className={list.filter}
      aria-label={props.label}
      placeholder={props.placeholder}
      value={text}
      spellCheck={false}
      autoCapitalize="none"
      onChange={(e) => {
        const v = e.currentTarget.value;
        setText(v);
        window.clearTimeout(timer.current);
        timer.current = window.setTimeout(() => props.onSet(v.trim() || undefined), restMS);
      }}
    />
  );
}

const pad = (n: number) => String(n).padStart(2, '0');

/** A moment as the browser's own field writes it, in local time. */
function local(iso: string | undefined): string {
  if (!iso) return '';
  const d = new Date(iso);
  return Number.isNaN(d.getTime()) ? '' : `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

function Moment(props: { label: string; value: string | undefined; onSet: (v: string | undefined) => void }) {
  return (
    <TextInput
      type="datetime-local"
      aria-label={props.label}
      className={css.moment}
      leftSection={<span className={css.momentLabel}>{props.label}</span>}
      leftSectionWidth={44}
      leftSectionPointerEvents="none"
      value={local(props.value)}
      onChange={(e) => props.onSet(e.currentTarget.value ? new Date(e.currentTarget.value).toISOString() : undefined)}
    />
  );
}

const who = (arn: string) => arn.replace(/^arn:aws:(?:iam|sts)::\d*:/, '').replace(/^user\//, '');

/** Lines of the audit, of which only those in view exist. */
function Lines(props: { entries: AuditEntry[]; selected: string | undefined; search: AccessSearch; onEnd: () => void }) {
  const { entries, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const phone = matchMedia('(max-width: 899px)').matches;
  const size = phone ? phoneHeight : height;
  const rows = useVirtualizer({ count: entries.length, getScrollElement: () => scroller.current, estimateSize: () => size, overscan: 12 });
  const visible = rows.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last > entries.length - 50) onEnd();
  }, [last, entries.length, onEnd]);
  return (
    <div ref={scroller} className={`${list.lines} ${css.lines}`} tabIndex={0} role="region" aria-label="Lines of the audit">
      <ul style={{ height: rows.getTotalSize() }}>
        {visible.map((v) => {
          const e = entries[v.index]!;
          return (
            <li key={e.seq} style={{ transform: `translateY(${v.start}px)`, height: size }} aria-setsize={-1} aria-posinset={v.index + 1}>
              <Link
                to="/access"
                search={{ ...props.search, line: String(e.seq) }}
                replace={props.selected !== undefined}
                aria-current={props.selected === String(e.seq) || undefined}
                className={css.line}
              >
                <time className="num muted" dateTime={e.time}>
                  {moment(e.time)}
                </time>
                <span className={css.outcome} data-outcome={e.outcome}>
                  {e.outcome}
                </span>
                <span className={`clip ${css.who}`}>{who(e.principal)}</span>
                <code className={`clip ${css.what}`}>{e.action}</code>
                <code className={`clip muted ${css.onWhat}`}>{e.resource}</code>
              </Link>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
