import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentUnit, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';

import { colours, look } from '../query/editorLook';
import { nonce } from '../ui/nonce';

/** JSON, as much of it as colours need: keys, strings, numbers and words. */
const json = StreamLanguage.define<null>({
  name: 'json',
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return stream.match(/^\s*:/, false) ? 'keyword' : 'string';
    if (stream.match(/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/)) return 'number';
    if (stream.match(/^(?:true|false|null)\b/)) return 'bool';
    stream.next();
    return null;
  },
  languageData: { closeBrackets: { brackets: ['[', '{', '"'] } },
});

export const policyExtensions: Extension = [
  EditorView.cspNonce.of(nonce),
  lineNumbers(),
  history(),
  indentUnit.of('  '),
  bracketMatching(),
  closeBrackets(),
  EditorView.lineWrapping,
  json,
  syntaxHighlighting(colours),
  look,
  // Esc then Tab leaves the editor, as CodeMirror's own documentation has it.
  keymap.of([...closeBracketsKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
];
