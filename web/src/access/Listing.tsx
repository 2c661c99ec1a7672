import { Button, Modal, TextInput } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { Empty } from '../ui/Empty';
import { counted } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';

/** A list of what has a name: a filter, a way to make one, a table and the sheet of
 * what is open beside it. */
export function Listing<T extends { name: string }>(props: {
  one: string;
  /** What such a thing is, where there is none yet. */
  what: string;
  query: { data: T[] | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  columns: ReactNode;
  row: (item: T) => ReactNode;
  /** Makes one by its name, if that is all it takes. */
  create?: (name: string) => Promise<unknown>;
  onCreated?: (name: string) => void;
  /** Starts making one otherwise. */
  onNew?: () => void;
  hint?: string;
  sheet: ReactNode;
  /** Further choices beside the filter. */
  choices?: ReactNode;
}) {
  const { data, error, isPending, refetch } = props.query;
  const [filter, setFilter] = useState('');
  const [making, setMaking] = useState(false);
  const shown = data?.filter((i) => i.name.toLowerCase().includes(filter.toLowerCase()));
  const make = (
    <Button leftSection={<IconPlus size={15} />} onClick={props.onNew ?? (() => setMaking(true))}>
      New {props.one}
    </Button>
  );
  return (
    <div className={list.split}>
      <div className={list.content}>
        <div className={list.bar}>
          <TextInput
            data-find
            className={list.filter}
            aria-label={`Filter ${props.one}s`}
            placeholder="Filter by name"
            leftSection={<IconSearch size={14} />}
            value={filter}
            onChange={(e) => setFilter(e.currentTarget.value)}
            onKeyDown={(e) => e.key === 'Escape' && setFilter('')}
          />
          {props.choices}
          <span className={list.barEnd}>{make}</span>
        </div>
        <div className={list.scroll}>
          {error !== null && <ProblemView error={error} retry={() => void refetch()} />}
          {isPending && <Waiting label={`Loading ${props.one}s`} />}
          {data?.length === 0 && <Empty action={make}>{props.what}</Empty>}
          {data && data.length > 0 && shown?.length === 0 && <Empty>Nothing has this name.</Empty>}
          {shown && shown.length > 0 && (
            <table className={list.list}>
              <thead>
                <tr>{props.columns}</tr>
              </thead>
              <tbody>{shown.map(props.row)}</tbody>
            </table>
          )}
        </div>
        {shown && shown.length > 0 && <div className={list.under}>{counted(shown.length, props.one, props.one.replace(/y$/, 'ie') + 's')}</div>}
      </div>
      {props.sheet}
      {making && props.create && (
        <NewOne
          one={props.one}
          hint={props.hint ?? 'letters, digits and + = , . @ _ -'}
          create={props.create}
          onClose={() => setMaking(false)}
          onCreated={(name) => {
            setMaking(false);
            props.onCreated?.(name);
          }}
        />
      )}
    </div>
  );
}

function NewOne(props: { one: string; hint: string; create: (name: string) => Promise<unknown>; onCreated: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState('');
  const make = useMutation({ mutationFn: () => props.create(name), onSuccess: () => props.onCreated(name) });
  return (
    <Modal opened onClose={props.onClose} title={`New ${props.one}`} size="sm" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={list.form}
        onSubmit={(e) => {
          e.preventDefault();
          make.mutate();
        }}
      >
        <TextInput
          size="sm"
          label="Name"
          description={props.hint}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          required
          withAsterisk={false}
          autoFocus
          autoCapitalize="none"
          spellCheck={false}
        />
        {make.error && <ProblemView error={make.error} compact />}
        <Button type="submit" size="sm" loading={make.isPending}>
          Create
        </Button>
      </form>
    </Modal>
  );
}
