import type { SQLNamespace } from '@codemirror/lang-sql';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import type { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';

import { type EditorActs, language, languageWith, newState } from './editorSetup';

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
export default function Editor(props: {
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
  const acts = useRef(props.acts);
  acts.current = props.acts;
  const { tab, text, schema, database, error } = props;

  useEffect(() => {
    const v = new EditorView({ parent: host.current! });
    view.current = v;
    return () => {
      v.destroy();
      view.current = null;
    };
  }, []);

  const first = useRef(text);
  first.current = text;
  useEffect(() => {
    const v = view.current!;
    const before = kept.get(tab);
    // A text that was changed from outside while the tab was away wins over what was kept.
    v.setState(before?.doc.toString() === first.current ? before : newState(first.current, () => acts.current));
    v.focus();
    return () => {
      kept.set(tab, v.state);
    };
  }, [tab]);

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

  useImperativeHandle(props.ref, () => ({
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
