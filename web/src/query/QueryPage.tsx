import { ActionIcon, Drawer, Tooltip } from '@mantine/core';
import { IconLayoutSidebar } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { problemOf } from '../api/client';
import { execution, start, stop } from '../api/queries';
import { session } from '../api/session';
import type { QueryView } from '../router';
import { usePhone } from '../ui/usePhone';
import { Browser } from './Browser';
import type { EditorHandle } from './Editor';
import { RunStrip } from './RunStrip';
import { Lower } from './Lower';
import { useSchema } from './schema';
import { Splitter } from './Splitter';
import { offsetOf, oneLine, statementAt, tokenAt } from './statement';
import { TabBar } from './TabBar';
import { type Tab, useTabs } from './tabs';
import css from './query.module.css';

const loadEditor = () => import('./Editor');
const Editor = lazy(loadEditor);
void loadEditor(); // the page is of no use without it: fetch it at once

const route = getRouteApi('/query');

export function QueryPage() {
  const { data: who } = useQuery(session);
  const { store, list, active } = useTabs(who?.user.name ?? '');
  const { run, view, sql } = route.useSearch();
  const navigate = route.useNavigate();
  const phone = usePhone();
  const [browsing, setBrowsing] = useState(!phone);
  const [height, setHeight] = useState(() => Number(localStorage.getItem('lethe.editor.height')) || 0.4);
  const editor = useRef<EditorHandle>(null);
  const middle = useRef<HTMLDivElement>(null);
  const shown = useQuery({ ...execution(run ?? ''), enabled: run !== undefined });
  const [starting, setStarting] = useState(false);
  const stopping = useMutation({ mutationFn: stop });

  const show = useCallback(
    (search: { run?: string; view?: QueryView }, replace = false) => void navigate({ search, replace }),
    [navigate],
  );

  // A link may bring a statement: it opens in an editor of its own and is not run.
  useEffect(() => {
    if (sql === undefined) return;
    const tab = store.open({ text: sql.trim(), run: undefined });
    show({ run: tab.run }, true);
  }, [sql, store, show]);

  // The address says which execution is shown; the editor that ran it comes to
  // the front, and one that nobody has open gets an editor.
  const statement = shown.data?.id === run ? shown.data : undefined;
  useEffect(() => {
    if (sql !== undefined) return;
    if (run === undefined) {
      if (active.run) show({ run: active.run }, true);
      return;
    }
    if (active.run === run) return;
    const owner = list.find((t) => t.run === run);
    if (owner) store.activate(owner.id);
    else if (statement) {
      store.open({ text: statement.statement, run, runFrom: 0, catalog: statement.catalog, database: statement.database });
    }
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- only a new address or its answer moves the editors
  }, [run, statement, sql]);

  const pick = (tab: Tab) => {
    store.activate(tab.id);
    show({ run: tab.run, view });
  };

  const close = (tab: Tab) => {
    store.close(tab.id);
    void loadEditor().then((m) => m.forget(tab.id));
    show({ run: store.active().run, view }, true);
  };

  const begin = async (selection: boolean) => {
    const at = editor.current?.read();
    if (!at || starting) return;
    const tab = store.active();
    const chosen = selection && at.from < at.to ? { text: at.text.slice(at.from, at.to), from: at.from } : statementAt(at.text, at.cursor);
    if (!chosen || chosen.text.trim() === '') return editor.current?.focus();
    setStarting(true);
    try {
      const e = await start(chosen.text, { catalog: tab.catalog, database: tab.database });
      store.update(tab.id, { run: e.id, runFrom: chosen.from, refused: undefined });
      show({ run: e.id });
    } catch (error) {
      const p = problemOf(error);
      store.update(tab.id, {
        run: undefined,
        runFrom: chosen.from,
        refused: { message: p.message, hint: p.hint, id: p.id, line: p.line, column: p.column },
      });
      show({});
    } finally {
      setStarting(false);
    }
  };

  // Where to underline: the place that the failure names, as long as the
  // statement still stands there as it was run.
  const failed = statement?.failure;
  const { refused, runFrom = 0, text } = active;
  const error = useMemo(() => {
    const at = refused ?? (run !== undefined && active.run === run ? failed : undefined);
    if (!at?.line || !at.column) return undefined;
    const ran = statement && !refused ? statement.statement : undefined;
    if (ran !== undefined && text.slice(runFrom, runFrom + ran.length) !== ran) return undefined;
    const part = text.slice(runFrom);
    const { from, to } = tokenAt(part, offsetOf(part, at.line, at.column));
    return { from: from + runFrom, to: to + runFrom, message: at.message };
  }, [refused, failed, statement, run, active.run, runFrom, text]);

  const schema = useSchema(active.catalog);
  const insert = (s: string) => {
    if (phone) setBrowsing(false);
    editor.current?.insert(s);
  };
  const browser = (
    <Browser
      catalog={active.catalog}
      database={active.database}
      onContext={(catalog, database) => store.update(active.id, { catalog, database })}
      onInsert={insert}
      onOpen={(sqlText) => {
        if (phone) setBrowsing(false);
        const tab = store.open({ text: sqlText, run: undefined });
        show({ run: tab.run });
      }}
    />
  );

  useEffect(() => {
    document.title = statement && active.run === run ? `${oneLine(statement.statement, 40)} · lethe` : 'Query · lethe';
  }, [statement, active.run, run]);

  return (
    <div className={css.page}>
      <h1 className="visually-hidden">Query</h1>
      {phone ? (
        <Drawer opened={browsing} onClose={() => setBrowsing(false)} title="Tables" size="86%" padding={0} closeButtonProps={{ 'aria-label': 'Close' }}>
          {browser}
        </Drawer>
      ) : (
        browsing && <aside className={css.browser}>{browser}</aside>
      )}
      <div className={css.middle} ref={middle}>
        <TabBar
          list={list}
          active={active.id}
          before={
            <Tooltip label={browsing && !phone ? 'Hide tables' : 'Tables'}>
              <ActionIcon aria-label="Tables" aria-expanded={browsing} onClick={() => setBrowsing(!browsing)}>
                <IconLayoutSidebar size={17} stroke={1.6} />
              </ActionIcon>
            </Tooltip>
          }
          onPick={pick}
          onClose={close}
          onRename={(t, name) => store.update(t.id, { name })}
          onNew={() => {
            store.open({ run: undefined });
            show({});
          }}
        />
        <div className={css.editor} style={{ flexBasis: `${height * 100}%` }}>
          <Suspense fallback={<pre className={css.editorWaiting}>{active.text}</pre>}>
            <Editor
              ref={editor}
              tab={active.id}
              text={active.text}
              schema={schema}
              database={active.database}
              error={error}
              acts={{
                run: (selection) => void begin(selection),
                changed: (t) => {
                  const now = store.active();
                  store.update(now.id, { text: t, refused: undefined });
                },
              }}
            />
          </Suspense>
        </div>
        <Splitter
          within={middle}
          value={height}
          onChange={setHeight}
          onEnd={(v) => localStorage.setItem('lethe.editor.height', v.toFixed(3))}
        />
        <RunStrip
          tab={active}
          run={run === undefined ? undefined : statement}
          starting={starting}
          onRun={() => void begin(false)}
          onStop={() => run !== undefined && stopping.mutate(run)}
          stopError={stopping.error}
          onContext={(catalog, database) => store.update(active.id, { catalog, database })}
        />
        <Lower
          tab={active.id}
          run={run}
          execution={statement}
          error={shown.error}
          refused={active.refused}
          view={view ?? 'results'}
          onView={(v) => show({ run, view: v === 'results' ? undefined : v }, true)}
          onRun={(id) => show({ run: id })}
        />
      </div>
    </div>
  );
}
