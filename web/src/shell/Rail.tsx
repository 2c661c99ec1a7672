import { IconSearch, IconUser } from '@tabler/icons-react';
import { Link, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';

import type { Session } from '../api/types';
import { mod } from '../ui/keys';
import { places } from './places';
import css from './shell.module.css';

const loadMenu = () => import('./UserMenu');
const UserMenu = lazy(loadMenu);

/** The left rail; on a phone, the bar at the bottom. */
export function Rail(props: { session: Session; onPalette: () => void; onKeys: () => void }) {
  const { user, lake } = props.session;
  const [menu, setMenu] = useState(false);
  // Where they are swiped through, the page that is open is among those in view.
  const list = useRef<HTMLUListElement>(null);
  const path = useRouterState({ select: (s) => s.location.pathname });
  useEffect(() => {
    list.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  const person = (
    <button type="button" className={`bare ${css.place}`} aria-haspopup="menu" onPointerEnter={() => void loadMenu()} onClick={() => setMenu(true)}>
      <IconUser size={17} stroke={1.6} aria-hidden />
      <span className="clip">{user.name}</span>
    </button>
  );
  return (
    <nav className={css.rail} aria-label="Pages">
      <Link to="/query" className={css.brand} title={`lethe ${lake.version}`}>
        lethe
      </Link>
      <button type="button" className={`bare ${css.find}`} onClick={props.onPalette}>
        <IconSearch size={14} aria-hidden />
        <span>Find anything</span>
        <kbd className={css.kbd}>{mod}K</kbd>
      </button>
      <ul ref={list} className={css.places}>
        {places.map((p) => (
          <li key={p.to}>
            <Link to={p.to} className={css.place} activeProps={{ 'aria-current': 'page' }}>
              <p.icon size={17} stroke={1.6} aria-hidden />
              <span>{p.name}</span>
            </Link>
          </li>
        ))}
      </ul>
      <div className={css.foot}>
        {menu ? (
          <Suspense fallback={person}>
            <UserMenu {...props} target={person} />
          </Suspense>
        ) : (
          person
        )}
      </div>
    </nav>
  );
}
