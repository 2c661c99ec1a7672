import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { type ReactNode, useEffect } from 'react';

import css from './ui.module.css';
import { useLatest } from './useLatest';

/** What is chosen in a list, beside it; on a phone, over it. */
export function Sheet(props: { label: string; title: ReactNode; actions?: ReactNode; onClose: () => void; children: ReactNode }) {
  const close = useLatest(props.onClose);
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && !e.defaultPrevented && !document.querySelector('[role="dialog"]')) close.current();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [close]);
  return (
    <aside className={css.sheet} aria-label={props.label}>
      <header className={css.sheetHead}>
        <h2 className="clip">{props.title}</h2>
        {props.actions}
        <ActionIcon aria-label="Close" onClick={props.onClose}>
          <IconX size={16} />
        </ActionIcon>
      </header>
      <div className={css.sheetBody}>{props.children}</div>
    </aside>
  );
}

/** A part of a sheet. */
export function Part(props: { title: string; note?: ReactNode; action?: ReactNode; children?: ReactNode }) {
  return (
    <section className={css.part}>
      <header className={css.partHead}>
        <h3>{props.title}</h3>
        {props.note && <span className="muted">{props.note}</span>}
        {props.action && <span className={css.partAction}>{props.action}</span>}
      </header>
      {props.children}
    </section>
  );
}
