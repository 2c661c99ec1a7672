import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { AccessView } from '../router';
import list from '../ui/list.module.css';

/** Leads to the sheet of a user, a group, a role or a policy. */
export function Opener(props: { view: AccessView; name: string; children?: ReactNode; plain?: boolean }) {
  return (
    <Link to="/access" search={{ view: props.view, name: props.name }} className={props.plain ? undefined : list.strong}>
      {props.children ?? props.name}
    </Link>
  );
}

/** Names, each of which leads to its sheet. */
export function Openers(props: { view: AccessView; names: readonly string[] }) {
  return props.names.map((n, i) => (
    <span key={n}>
      {i > 0 && ', '}
      <Opener view={props.view} name={n} plain />
    </span>
  ));
}
