import { autocompletion, type CompletionSource, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { keywordCompletionSource } from '@codemirror/lang-sql';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { useEffect, useRef } from 'react';

import { athena } from '../query/dialect';
import { colours, look } from '../query/editorLook';
import { quoted } from '../query/statement';
import { nonce } from '../ui/nonce';
import { useLatest } from '../ui/useLatest';

export interface Names {
  fields: { name: string; type: string }[];
  parameters: string[];
}

/** An SQL expression over the fields of a data set. Its text is its own from when it is
 * first shown, and told through onChange. */
export default function ExpressionEditor(props: {
  label: string;
  text: string;
  names: Names;
  error?: { from: number; to: number; message: string };
  onChange: (text: string) => void;
  onSubmit?: () => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const latest = useLatest(props);
  const { label, error } = props;

  useEffect(() => {
    const names: CompletionSource = (c) => {
      const word = c.matchBefore(/\$\{\w*|"[^"]*|[\p{L}_][\p{L}\p{N}_]*/u);
      if (!word && !c.explicit) return null;
      const { fields, parameters } = latest.current.names;
      return {
        from: word?.from ?? c.pos,
        options: [
          ...fields.map((f) => ({ label: quoted(f.name), type: 'property', detail: f.type, boost: 2 })),
          ...parameters.map((p) => ({ label: `\${${p}}`, type: 'variable', detail: 'parameter', boost: 1 })),
        ],
      };
    };
    const v = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          EditorView.cspNonce.of(nonce),
          history(),
          bracketMatching(),
          closeBrackets(),
          EditorView.lineWrapping,
          athena.language,
          athena.language.data.of({ autocomplete: names }),
          athena.language.data.of({ autocomplete: keywordCompletionSource(athena) }),
          autocompletion({ icons: true, maxRenderedOptions: 60 }),
          syntaxHighlighting(colours),
          look,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off' }),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) latest.current.onChange(u.state.doc.toString());
          }),
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => {
                latest.current.onSubmit?.();
                return true;
              },
            },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            // Else it would close the sheet around, and what is written were lost.
            { key: 'Escape', run: () => true },
          ]),
        ],
      }),
    });
    view.current = v;
    return () => {
      v.destroy();
      view.current = null;
    };
  }, [label, latest]);

  useEffect(() => {
    const v = view.current!;
    const list: Diagnostic[] = error && error.to <= v.state.doc.length ? [{ ...error, severity: 'error' }] : [];
    v.dispatch(setDiagnostics(v.state, list));
  }, [error]);

  return <div ref={host} />;
}
