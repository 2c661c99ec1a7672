import { Fragment } from 'react';

import { short } from './state';

/** Whom a request names: the types of identifiers, and their hashes. */
export function Hashes(props: { of: { type: string; hash: string }[] | undefined; brief?: boolean }) {
  return (props.of ?? []).map((i, n) => (
    <Fragment key={i.type + i.hash}>
      {n > 0 && ', '}
      <span title={`${i.type}, as a keyed hash: ${i.hash}`}>
        {i.type} <code className="muted">{props.brief ? short(i.hash) : i.hash.slice(0, 16)}</code>
      </span>
    </Fragment>
  ));
}
