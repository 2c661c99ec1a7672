import { Fragment, type ReactNode, useMemo } from 'react';

import css from './charts.module.css';
import { paragraphs, type Piece } from './text';

const drawn = (pieces: readonly Piece[]): ReactNode[] =>
  pieces.map((p, i) => {
    if (typeof p === 'string') return <Fragment key={i}>{p}</Fragment>;
    if ('bold' in p) return <strong key={i}>{drawn(p.bold)}</strong>;
    return p.link.startsWith('/') ? (
      <a key={i} href={p.link}>
        {drawn(p.pieces)}
      </a>
    ) : (
      <a key={i} href={p.link} target="_blank" rel="noopener noreferrer">
        {drawn(p.pieces)}
      </a>
    );
  });

export function TextView({ text }: { text: string }) {
  const all = useMemo(() => paragraphs(text), [text]);
  return (
    <div className={css.text}>
      {all.map((lines, i) => (
        <p key={i}>
          {lines.map((line, n) => (
            <Fragment key={n}>
              {n > 0 && <br />}
              {drawn(line)}
            </Fragment>
          ))}
        </p>
      ))}
    </div>
  );
}
