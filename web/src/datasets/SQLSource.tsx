import { Button, Select } from '@mantine/core';
import { IconPlayerPlayFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';

import { catalogs, databases, ownCatalog } from '../api/catalogs';
import { problemOf } from '../api/client';
import type { Source } from '../api/dash';
import type { EditorHandle } from '../query/Editor';
import { useSchema } from '../query/schema';
import { offsetOf, statements, tokenAt } from '../query/statement';
import { mod } from '../ui/keys';
import { ProblemView } from '../ui/Problem';
import { placeIn } from './place';
import type { Reading } from './SourceView';
import css from './datasets.module.css';

const loadEditor = () => import('../query/Editor');
const Editor = lazy(loadEditor);

/** A statement of one's own. It becomes the source once it answers. */
export function SQLSource(props: { source: Source; reading: Reading; id: string }) {
  const { reading } = props;
  // What was refused stays in the editor, to be mended.
  const asked = reading.isError || reading.isPending ? reading.variables : undefined;
  const shown = asked?.sql !== undefined ? asked : props.source;
  const [text, setText] = useState(shown.sql ?? '');
  const [catalog, setCatalog] = useState(shown.catalog || ownCatalog);
  const [database, setDatabase] = useState(shown.database || 'default');
  const [ran, setRan] = useState(shown.sql !== undefined ? { text, from: 0 } : undefined);
  const editor = useRef<EditorHandle>(null);
  const cs = (useQuery(catalogs).data ?? [{ name: catalog }]).map((c) => c.name);
  const dbs = (useQuery(databases(catalog)).data ?? [{ name: database }]).map((d) => d.name);
  const schema = useSchema(catalog);
  const tab = `data-set ${props.id}`;

  // The editor keeps a tab's text; this one's ends with the page.
  useEffect(() => () => void loadEditor().then((m) => m.forget(tab)), [tab]);

  const run = () => {
    const whole = editor.current?.read().text ?? text;
    const first = statements(whole)[0];
    if (!first) return editor.current?.focus();
    setRan({ text: whole, from: first.from });
    reading.mutate({ catalog, database, sql: first.text });
  };

  const problem = reading.error ? problemOf(reading.error) : undefined;
  const error = useMemo(() => {
    const at = problem && placeIn(problem, '');
    if (!at || ran?.text !== text) return undefined;
    const part = text.slice(ran.from);
    const { from, to } = tokenAt(part, offsetOf(part, at.line, at.column));
    return { from: from + ran.from, to: to + ran.from, message: problem.message };
  }, [problem, ran, text]);

  return (
    <>
      <div className={css.sqlEditor}>
        <Suspense fallback={null}>
          <Editor ref={editor} tab={tab} text={text} schema={schema} database={database} error={error} acts={{ run, changed: setText }} />
        </Suspense>
      </div>
      {problem && <ProblemView error={problem} />}
      <div className={css.sqlStrip}>
        <Button leftSection={<IconPlayerPlayFilled size={13} />} onClick={run} loading={reading.isPending} title={`Run it as a preview (${mod}↵)`}>
          Preview
        </Button>
        {cs.length > 1 && <Select className={css.context} aria-label="Data catalog" data={cs} value={catalog} comboboxProps={{ shadow: 'sm' }} onChange={(c) => c && setCatalog(c)} />}
        <Select className={css.context} aria-label="Database" data={dbs} value={database} searchable comboboxProps={{ shadow: 'sm' }} onChange={(d) => d && setDatabase(d)} />
        <span className={`muted ${css.roomy}`}>{mod}↵ shows its first rows</span>
      </div>
    </>
  );
}
