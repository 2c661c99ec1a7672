import { Kbd, Menu } from '@mantine/core';
import { IconKeyboard, IconLogout, IconMoon, IconSearch, IconSun, IconUser } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';

import { logout } from '../api/session';
import type { Session } from '../api/types';
import { mod } from '../ui/keys';
import { places } from './places';
import { useScheme } from './useScheme';
import css from './shell.module.css';

/** The left rail; on a phone, the bar at the bottom. */
export function Rail(props: { session: Session; onPalette: () => void; onKeys: () => void }) {
  const { scheme, toggle } = useScheme();
  const { user, lake } = props.session;
  const Sun = scheme === 'dark' ? IconSun : IconMoon;
  return (
    <nav className={css.rail} aria-label="Pages">
      <Link to="/query" className={css.brand} title={`lethe ${lake.version}`}>
        lethe
      </Link>
      <button type="button" className={`bare ${css.find}`} onClick={props.onPalette}>
        <IconSearch size={14} aria-hidden />
        <span>Find anything</span>
        <Kbd size="xs">{mod}K</Kbd>
      </button>
      <ul className={css.places}>
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
        <Menu position="top-start" width={220}>
          <Menu.Target>
            <button type="button" className={`bare ${css.place}`}>
              <IconUser size={17} stroke={1.6} aria-hidden />
              <span className="clip">{user.name}</span>
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>
              {user.administrator ? 'Administrator' : 'User'} · {lake.region}
            </Menu.Label>
            <Menu.Item leftSection={<IconSearch size={15} />} onClick={props.onPalette} className={css.phoneOnly}>
              Find anything
            </Menu.Item>
            <Menu.Item leftSection={<Sun size={15} />} rightSection={<Kbd size="xs">.</Kbd>} onClick={toggle} closeMenuOnClick={false}>
              {scheme === 'dark' ? 'Light' : 'Dark'}
            </Menu.Item>
            <Menu.Item leftSection={<IconKeyboard size={15} />} rightSection={<Kbd size="xs">?</Kbd>} onClick={props.onKeys}>
              Keys
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void logout()}>
              Log out
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    </nav>
  );
}
