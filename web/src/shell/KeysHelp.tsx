import { Kbd, Modal } from '@mantine/core';

import { mod } from '../ui/keys';
import { places } from './places';
import css from './shell.module.css';

const groups: { name: string; keys: [string[], string][] }[] = [
  {
    name: 'Everywhere',
    keys: [
      [[`${mod}K`], 'find any page, table, bucket or action'],
      ...places.map((p): [string[], string] => [['g', p.key], `go to ${p.name}`]),
      [['/'], 'filter the list'],
      [['.'], 'light or dark'],
      [['?'], 'these keys'],
      [['Esc'], 'close'],
    ],
  },
  {
    name: 'Query',
    keys: [
      [[`${mod}↵`], 'run the statement at the cursor'],
      [[`${mod}⇧ ↵`], 'run what is selected'],
      [['Ctrl Space'], 'complete'],
      [[`${mod}/`], 'comment or uncomment lines'],
      [[`${mod}F`], 'find in the editor'],
    ],
  },
  {
    name: 'Result',
    keys: [
      [['↑', '↓', '←', '→'], 'move from cell to cell'],
      [['PgUp', 'PgDn'], 'move by a screen'],
      [[`${mod}Home`, `${mod}End`], 'first and last row'],
      [['↵'], 'read the whole value'],
      [[`${mod}C`], 'copy the value'],
    ],
  },
  {
    name: 'Dashboards',
    keys: [
      [['t'], 'as table: the visual that has the focus, or all'],
      [['Esc'], 'stop filtering by what was clicked'],
      [[`${mod}S`], 'save the analysis'],
      [[`${mod}Z`, `${mod}⇧ Z`], 'a step back, and again'],
      [['↵'], 'on a field: choose the well it goes to'],
      [['←', '→', '↑', '↓'], 'on a visual’s handle: move it; with ⇧ resize it'],
    ],
  },
];

export default function KeysHelp(props: { onClose: () => void }) {
  return (
    <Modal opened onClose={props.onClose} title="Keys" size="xl" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={css.keys}>
        {groups.map((g) => (
          <section key={g.name}>
            <h2>{g.name}</h2>
            <dl>
              {g.keys.map(([keys, what]) => (
                <div key={what}>
                  <dt>
                    {keys.map((k) => (
                      <Kbd key={k} size="xs">
                        {k}
                      </Kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
