import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Text } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'react';

import { check, type PolicyKind } from '../api/access';
import type { Remark } from '../api/types';
import { useLatest } from '../ui/useLatest';
import { policyExtensions } from './policyLanguage';
import { unitsBefore } from './place';

/** How long after the last key a text is checked. */
const restMS = 350;

/** Marks the word, or the string, that a remark is about. */
function place(doc: Text, r: Remark): { from: number; to: number } {
  const line = doc.line(Math.min(Math.max(r.line, 1), doc.lines));
  const from = Math.min(line.from + unitsBefore(line.text, r.column - 1), line.to);
  const word = /^("(?:[^"\\]|\\.)*"|\w+|.)/.exec(line.text.slice(from - line.from));
  return { from, to: from + (word?.[0].length ?? 0) };
}

/** An editor of policies, which asks the server what is wrong as the text is written. */
export default function PolicyEditor(props: {
  text: string;
  kind: PolicyKind;
  readOnly?: boolean;
  onChange?: (text: string) => void;
  onChecked?: (found: { error?: Remark; warnings: Remark[] }) => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const { text, kind, readOnly = false } = props;
  const acts = useLatest(props);

  useEffect(() => {
    let timer = 0;
    let asking: AbortController | undefined;
    const look = async (view: EditorView) => {
      asking?.abort();
      asking = new AbortController();
      try {
        const doc = view.state.doc;
        const found = await check(doc.toString(), kind, asking.signal);
        if (view.state.doc !== doc) return;
        const list: Diagnostic[] = (found.error ? [found.error] : found.warnings).map((r) => ({
          ...place(doc, r),
          severity: found.error ? 'error' : 'warning',
          message: r.message,
        }));
        view.dispatch(setDiagnostics(view.state, list));
        acts.current.onChecked?.(found);
      } catch {
        // Saving asks again, and says what went wrong.
      }
    };
    const view = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: text,
        extensions: [
          policyExtensions,
          EditorState.readOnly.of(readOnly),
          EditorView.editable.of(!readOnly),
          EditorView.contentAttributes.of({ 'aria-label': 'Policy document', 'aria-readonly': String(readOnly), role: 'textbox' }),
          EditorView.updateListener.of((u) => {
            if (!u.docChanged) return;
            acts.current.onChange?.(u.state.doc.toString());
            window.clearTimeout(timer);
            timer = window.setTimeout(() => void look(view), restMS);
          }),
        ],
      }),
    });
    return () => {
      window.clearTimeout(timer);
      asking?.abort();
      view.destroy();
    };
  }, [text, kind, readOnly, acts]);

  return <div ref={host} />;
}
