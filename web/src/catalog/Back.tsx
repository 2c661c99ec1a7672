import { IconChevronLeft } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';

import css from './catalog.module.css';

/** On a phone, the way back to what holds this. */
export function Back(props: { catalog: string; database?: string }) {
  const label = 'Back';
  const icon = <IconChevronLeft size={18} aria-hidden />;
  return props.database === undefined ? (
    <Link to="/catalog" className={css.back} aria-label={label}>
      {icon}
    </Link>
  ) : (
    <Link to="/catalog/$catalog/$database" params={{ catalog: props.catalog, database: props.database }} className={css.back} aria-label={label}>
      {icon}
    </Link>
  );
}
