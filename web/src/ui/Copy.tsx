import { CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

import css from './ui.module.css';

/** A name that is copied by a click. */
export function Copy(props: { value: string; label: string }) {
  return (
    <CopyButton value={props.value}>
      {({ copied, copy }) => (
        <button type="button" className={`bare ${css.copy}`} onClick={copy} title={props.label}>
          <code>{props.value}</code>
          {copied ? <IconCheck size={13} aria-label="Copied" /> : <IconCopy size={13} aria-label={props.label} />}
        </button>
      )}
    </CopyButton>
  );
}
