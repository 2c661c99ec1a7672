import { Menu } from '@mantine/core';

import { type Visual, wells } from '../api/dash';
import type { Usable } from './fields';
import { put, takes } from './wellFields';

/** Asks into which well of a visual a field goes. */
export function FieldMenu(props: { field: Usable | undefined; at: DOMRect; visual: Visual; onPick: (f: Usable) => void; onChange: (v: Visual) => void; onClose: () => void }) {
  const { field: f, visual: v } = props;
  if (!f) return null;
  const can = wells[v.kind].filter((w) => takes(v.kind, w, f));
  return (
    <Menu opened onClose={props.onClose} position="right-start" withinPortal returnFocus>
      <Menu.Target>
        <span aria-hidden style={{ position: 'fixed', left: props.at.left, top: props.at.top, width: props.at.width, height: props.at.height, pointerEvents: 'none' }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={`Where ${f.name} goes`}>
        <Menu.Item onClick={() => props.onPick(f)}>Where it fits</Menu.Item>
        {can.length > 0 && <Menu.Divider />}
        {can.map((w) => (
          <Menu.Item key={w.name} onClick={() => props.onChange(put(v, w.name, f))}>
            {w.title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
