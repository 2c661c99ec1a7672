import { Button, CopyButton } from '@mantine/core';

import css from './access.module.css';

/** Something that is shown once, with what it belongs to. */
export function Secret(props: { what: string; values: { name: string; value: string }[]; onClose: () => void }) {
  return (
    <div className={css.secret} role="status">
      <p>{props.what} is shown this once. Keep it where secrets are kept.</p>
      <dl>
        {props.values.map((v) => (
          <div key={v.name}>
            <dt>{v.name}</dt>
            <dd>
              <code>{v.value}</code>
              <CopyButton value={v.value}>
                {({ copied, copy }) => (
                  <Button variant="subtle" onClick={copy} aria-label={`Copy ${v.name}`}>
                    {copied ? 'Copied' : 'Copy'}
                  </Button>
                )}
              </CopyButton>
            </dd>
          </div>
        ))}
      </dl>
      <Button variant="default" onClick={props.onClose}>
        I have kept it
      </Button>
    </div>
  );
}
