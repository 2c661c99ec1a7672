import type { SQLNamespace } from '@codemirror/lang-sql';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import type { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';

import { useLatest } from '../ui/useLatest';
import { type EditorActs, emptyState, language, languageWith, newState } from './editorSetup';

export interface EditorHandle {
  focus: () => void;
  /** Writes at the cursor, in place of what is selected. */
  insert: (text: string) => void;
  /** The whole text, the cursor in it, and the range that is selected. */
  read: () => { text: string; cursor: number; from: number; to: number };
}

/** Undo, cursor and scroll of the editors that are not shown. */
const kept = new Map<string, EditorState>();

export const forget = (tab: string) => kept.delete(tab);

/** The SQL editor of one tab at a time. Its text is its own: `text` is read when
 * the tab is first shown, and told through `changed` from then on. */
export default function Editor({
  ref,
  ...props
}: {
  tab: string;
  text: string;
  schema: SQLNamespace;
  database: string;
  error: { from: number; to: number; message: string } | undefined;
  acts: EditorActs;
  ref: Ref<EditorHandle>;
}) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const { tab, text, schema, database, error } = props;
  const acts = useLatest(props.acts);
  const latestText = useLatest(text);

  useEffect(() => {
    const v = new EditorView({ parent: host.current!, state: emptyState });
    view.current = v;
    return () => {
      v.destroy();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    const v = view.current!;
    const before = kept.get(tab);
    // A text that was changed from outside while the tab was away wins over what was kept.
    v.setState(before?.doc.toString() === latestText.current ? before : newState(latestText.current, () => acts.current));
    v.focus();
    return () => {
      kept.set(tab, v.state);
    };
  }, [tab, acts, latestText]);

  useEffect(() => {
    view.current!.dispatch({ effects: language.reconfigure(languageWith(schema, database)) });
  }, [tab, schema, database]);

  useEffect(() => {
    const v = view.current!;
    const list: Diagnostic[] = [];
    if (error && error.to <= v.state.doc.length) list.push({ ...error, severity: 'error' });
    v.dispatch(setDiagnostics(v.state, list));
    if (list[0]) v.dispatch({ effects: EditorView.scrollIntoView(list[0].from) });
  }, [tab, error]);

  useImperativeHandle(ref, () => ({
    focus: () => view.current?.focus(),
    insert: (s) => {
      const v = view.current!;
      v.dispatch(v.state.replaceSelection(s));
      v.focus();
    },
    read: () => {
      const { doc, selection } = view.current!.state;
      return { text: doc.toString(), cursor: selection.main.head, from: selection.main.from, to: selection.main.to };
    },
  }));

  return <div ref={host} style={{ height: '100%' }} />;
}
