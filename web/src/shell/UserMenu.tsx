import { Kbd, Menu } from '@mantine/core';
import { IconKeyboard, IconLogout, IconMoon, IconSearch, IconSun } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { problemOf } from '../api/client';
import { logout } from '../api/session';
import type { Session } from '../api/types';
import { useScheme } from './useScheme';
import css from './shell.module.css';

/** What a person can do with their session. Loaded when first opened, and open from then. */
export default function UserMenu(props: { session: Session; target: ReactElement; onPalette: () => void; onKeys: () => void }) {
  const { scheme, toggle } = useScheme();
  const { user, lake } = props.session;
  const leaving = useMutation({ mutationFn: logout });
  const Sun = scheme === 'dark' ? IconSun : IconMoon;
  return (
    <Menu position="top-start" width={220} defaultOpened>
      <Menu.Target>{props.target}</Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled>
          {user.administrator ? 'Administrator' : 'User'} · {lake.region}
        </Menu.Item>
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
        <Menu.Item leftSection={<IconLogout size={15} />} closeMenuOnClick={false} onClick={() => leaving.mutate()}>
          Log out
          {leaving.error && <div className={css.refusal}>{problemOf(leaving.error).message}</div>}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
