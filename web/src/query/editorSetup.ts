import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { sql, type SQLNamespace } from '@codemirror/lang-sql';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import {
  crosshairCursor,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from '@codemirror/view';

import { nonce } from '../ui/nonce';
import { athena } from './dialect';
import { colours, look } from './editorLook';

/** The language with the names it completes; exchanged as the catalog is read. */
export const language = new Compartment();

export const languageWith = (schema: SQLNamespace, database: string): Extension =>
  sql({ dialect: athena, schema, defaultSchema: database, upperCaseKeywords: true });

export interface EditorActs {
  /** The cursor's statement, or with selection what is selected. */
  run: (selection: boolean) => void;
  changed: (text: string) => void;
}

/** What a view has before a tab is shown in it: the nonce that its styles need. */
export const emptyState = EditorState.create({ extensions: EditorView.cspNonce.of(nonce) });

/** A new editor state. Acts are asked for when they are needed: they may change. */
export function newState(text: string, acts: () => EditorActs): EditorState {
  const run = (selection: boolean) => () => {
    acts().run(selection);
    return true;
  };
  return EditorState.create({
    doc: text,
    extensions: [
      EditorView.cspNonce.of(nonce),
      Prec.highest(
        keymap.of([
          { key: 'Mod-Enter', run: run(false) },
          { key: 'Mod-Shift-Enter', run: run(true) },
        ]),
      ),
      lineNumbers(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      history(),
      drawSelection(),
      rectangularSelection(),
      crosshairCursor(),
      EditorState.allowMultipleSelections.of(true),
      indentOnInput(),
      EditorView.lineWrapping,
      indentUnit.of('  '),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ icons: true, maxRenderedOptions: 60 }),
      highlightSelectionMatches({ minSelectionLength: 3 }),
      search({ top: true }),
      language.of(languageWith({}, 'default')),
      syntaxHighlighting(colours),
      look,
      EditorView.contentAttributes.of({ 'aria-label': 'SQL', spellcheck: 'false', autocapitalize: 'off' }),
      EditorView.updateListener.of((u) => {
        if (u.docChanged) acts().changed(u.state.doc.toString());
      }),
      keymap.of([
        { key: 'Tab', run: acceptCompletion },
        ...closeBracketsKeymap,
        ...completionKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...lintKeymap,
        ...defaultKeymap,
        indentWithTab,
      ]),
    ],
  });
}
