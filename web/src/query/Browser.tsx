import { ActionIcon, Select, Tooltip } from '@mantine/core';
import { IconCornerDownLeft, IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { catalogs, ownCatalog } from '../api/catalogs';
import { FilterBox } from '../ui/FilterBox';
import { Tree } from '../tree/Tree';
import { quoted } from './statement';
import css from './query.module.css';

/** The tables beside the editor. */
export function Browser(props: {
  catalog: string;
  database: string;
  onContext: (catalog: string, database: string) => void;
  onInsert: (text: string) => void;
  onOpen: (sql: string) => void;
}) {
  const [filter, setFilter] = useState('');
  const found = useQuery(catalogs);
  const names = (found.data ?? [{ name: props.catalog }]).map((c) => c.name);
  const prefix = props.catalog === ownCatalog ? '' : quoted(props.catalog) + '.';
  return (
    <div className={css.browserInside}>
      <div className={css.browserHead}>
        {names.length > 1 && (
          <Select
            aria-label="Data catalog"
            data={names}
            value={props.catalog}
            onChange={(c) => c && props.onContext(c, 'default')}
            comboboxProps={{ shadow: 'sm' }}
          />
        )}
        <FilterBox label="Filter tables and columns" of="Tables and columns" value={filter} onChange={setFilter} />
      </div>
      <div className={css.browserList}>
        <Tree
          catalog={props.catalog}
          database={props.database}
          filter={filter}
          withColumns
          extra={(t, column) => {
            const table = `${prefix}${quoted(t.database)}.${quoted(t.name)}`;
            const written = column ? quoted(column.name) : t.database === props.database && prefix === '' ? quoted(t.name) : table;
            return (
              <>
                {!column && (
                  <Tooltip label="First 100 rows, in a new editor">
                    <ActionIcon
                      size={20}
                      aria-label={`Query ${t.name}`}
                      onClick={(e) => {
                        e.stopPropagation();
                        props.onOpen(`SELECT *\nFROM ${table}\nLIMIT 100`);
                      }}
                    >
                      <IconPlayerPlay size={13} />
                    </ActionIcon>
                  </Tooltip>
                )}
                <Tooltip label="Write at the cursor">
                  <ActionIcon
                    size={20}
                    aria-label={`Insert ${column?.name ?? t.name}`}
                    onClick={(e) => {
                      e.stopPropagation();
                      props.onInsert(written);
                    }}
                  >
                    <IconCornerDownLeft size={13} />
                  </ActionIcon>
                </Tooltip>
              </>
            );
          }}
        />
      </div>
    </div>
  );
}
