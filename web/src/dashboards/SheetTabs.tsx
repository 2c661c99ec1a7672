import { ActionIcon, Menu, TextInput } from '@mantine/core';
import { IconDots, IconPlus } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';

import type { Definition } from '../api/dash';
import { Views } from '../ui/Views';
import list from '../ui/list.module.css';

/** The sheets of a definition, of which one is shown. */
export function SheetTabs(props: {
  definition: Definition;
  sheet: string;
  onTurn: (id: string) => void;
  edit?: { add: () => void; rename: (name: string) => void; move: (by: number) => void; remove: () => void };
  children?: ReactNode;
}) {
  const [naming, setNaming] = useState(false);
  const { sheets } = props.definition;
  const at = sheets.findIndex((s) => s.id === props.sheet);
  const { edit } = props;
  if (sheets.length < 2 && !edit && !props.children) return null;
  return (
    <div className={list.views}>
      <Views label="Sheets" panel="sheet" views={sheets.map((s) => ({ id: s.id, name: s.name }))} value={props.sheet} onChange={props.onTurn}>
        {edit && (
          <>
            {naming ? (
              <TextInput
                aria-label="Name of the sheet"
                defaultValue={sheets[at]?.name}
                autoFocus
                onBlur={(e) => {
                  edit.rename(e.currentTarget.value.trim() || sheets[at]!.name);
                  setNaming(false);
                }}
                onKeyDown={(e) => {
                  if (e.key === 'Enter' || e.key === 'Escape') {
                    e.preventDefault();
                    if (e.key === 'Escape') e.currentTarget.value = sheets[at]!.name;
                    e.currentTarget.blur();
                  }
                }}
              />
            ) : (
              <Menu position="bottom-end" withinPortal>
                <Menu.Target>
                  <ActionIcon aria-label="More about this sheet" size={24}>
                    <IconDots size={15} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item onClick={() => setNaming(true)}>Rename</Menu.Item>
                  <Menu.Item disabled={at === 0} onClick={() => edit.move(-1)}>
                    Move left
                  </Menu.Item>
                  <Menu.Item disabled={at === sheets.length - 1} onClick={() => edit.move(1)}>
                    Move right
                  </Menu.Item>
                  <Menu.Item disabled={sheets.length < 2} onClick={edit.remove}>
                    Remove
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            )}
            <ActionIcon aria-label="Add a sheet" size={24} onClick={edit.add}>
              <IconPlus size={15} />
            </ActionIcon>
          </>
        )}
        {props.children}
      </Views>
    </div>
  );
}
