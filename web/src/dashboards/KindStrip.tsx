import { Tooltip } from '@mantine/core';

import type { VisualKind } from '../api/dash';
import { kinds } from './kinds';
import css from './editor.module.css';

/** The kinds of visuals, of which the chosen visual has one. Arrow keys move in it. */
export function KindStrip(props: { value: VisualKind | undefined; onChoose: (k: VisualKind) => void }) {
  return (
    <div
      className={css.kinds}
      role="toolbar"
      aria-label="Visual types"
      onKeyDown={(e) => {
        const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
        const all = [...e.currentTarget.querySelectorAll('button')];
        const at = all.indexOf(document.activeElement as HTMLButtonElement);
        if (!by || at < 0) return;
        e.preventDefault();
        all[(at + by + all.length) % all.length]?.focus();
      }}
    >
      {kinds.map((k, i) => (
        <Tooltip key={k.kind} label={k.name}>
          <button
            type="button"
            className={`bare ${css.kind}`}
            aria-label={k.name}
            aria-pressed={k.kind === props.value}
            tabIndex={k.kind === props.value || (props.value === undefined && i === 0) ? 0 : -1}
            onClick={() => props.onChoose(k.kind)}
          >
            <k.icon size={18} stroke={1.6} aria-hidden />
          </button>
        </Tooltip>
      ))}
    </div>
  );
}
