import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconFilter, IconMapPin, IconMathFunction, IconPlus, IconSitemap, IconVariable } from '@tabler/icons-react';
import { type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';

import type { DataSetDraft, Preview, Value } from '../api/dash';
import { Grid } from '../grid/Grid';
import { Empty } from '../ui/Empty';
import { count, counted } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { CoordinateSheet } from './CoordinateSheet';
import { hasSource, pairable, withCoordinate } from './draft';
import { FieldList } from './FieldList';
import { FieldSheet } from './FieldSheet';
import { FiltersSheet } from './FiltersSheet';
import { HierarchySheet } from './HierarchySheet';
import { NewField } from './NewField';
import { ParametersSheet } from './ParametersSheet';
import { TypeIcon } from './TypeIcon';
import { typeNames, typeOf } from './types';
import { known } from './usePreview';
import type { Change } from './Workbench';
import css from './datasets.module.css';

/** What a sheet beside the rows gets. */
export interface SheetProps {
  draft: DataSetDraft;
  change: Change;
  preview: Preview | undefined;
  onOpen: (what: string | undefined) => void;
}

const written = (v: Value | undefined): string | null => (v === null || v === undefined ? null : String(v));

/** The fields, the first rows, and beside them what is done to one of the fields. */
export function PrepareView(props: {
  draft: DataSetDraft;
  change: Change;
  preview: UseQueryResult<Preview> & { waiting: boolean };
  open?: string;
  onOpen: (what: string | undefined) => void;
  onSource: () => void;
}) {
  const { draft, change, open, onOpen } = props;
  const { data: preview, error, waiting } = props.preview;
  const answer = preview?.answer;
  const fields = useMemo(() => known(draft.fields, preview), [draft.fields, preview]);
  const columns = useMemo(() => (answer?.columns ?? []).map((c) => ({ name: c.name, type: gridType[c.type] })), [answer]);
  if (!hasSource(draft.source) || draft.fields.length === 0) {
    return (
      <Empty action={<Button onClick={props.onSource}>Choose a source</Button>}>The rows of a table, a statement or a join appear here, to be prepared.</Empty>
    );
  }

  const pair = pairable({ ...draft, fields });
  const failures = new Map((preview?.failures ?? []).filter((f) => f.rows > 0).map((f) => [f.field, f]));
  const [what, name] = split(open);
  const sheet: SheetProps = { draft, change, preview, onOpen };
  return (
    <div className={css.prepare}>
      <aside className={css.side} aria-label="Fields">
        <FieldList
          of={{ ...draft, fields }}
          withHidden
          selected={(i) => what === i.what && name === i.name}
          onPick={(i) => onOpen(what === i.what && name === i.name ? undefined : `${i.what}:${i.name}`)}
        />
        <div className={css.sideFoot}>
          <Menu position="top-start" width={210}>
            <Menu.Target>
              <Button variant="default" fullWidth leftSection={<IconPlus size={14} />} rightSection={<IconChevronDown size={14} />}>
                Add
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconMathFunction size={15} />} onClick={() => onOpen('new-field')}>
                Calculated field
              </Menu.Item>
              <Menu.Item leftSection={<IconMapPin size={15} />} onClick={() => onOpen('coordinate:')}>
                Coordinate
              </Menu.Item>
              <Menu.Item leftSection={<IconSitemap size={15} />} onClick={() => onOpen('hierarchy:')}>
                Hierarchy
              </Menu.Item>
              <Menu.Item leftSection={<IconFilter size={15} />} onClick={() => onOpen('filters')}>
                Filters{(draft.filters ?? []).length > 0 && ` (${draft.filters!.length})`}
              </Menu.Item>
              <Menu.Item leftSection={<IconVariable size={15} />} onClick={() => onOpen('parameters')}>
                Parameters{(draft.parameters ?? []).length > 0 && ` (${draft.parameters!.length})`}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </aside>
      <div className={css.rows}>
        {pair && (
          <div className={css.offer}>
            <IconMapPin size={15} stroke={1.6} aria-hidden />
            <span>
              <b>{pair.latitude}</b> and <b>{pair.longitude}</b> are places together.
            </span>
            <Button onClick={() => change((d) => withCoordinate(d, pair.latitude, pair.longitude))}>Make a coordinate</Button>
          </div>
        )}
        {error && !waiting && <ProblemView error={error} retry={() => void props.preview.refetch()} />}
        {waiting && <Waiting label="Reading rows" />}
        {answer && (
          <div className={css.grid} data-old={(waiting || error !== null) || undefined}>
            <Grid
              label="First rows"
              columns={columns}
              count={answer.rows}
              rowAt={(i) => answer.columns.map((c) => written(c.values[i]))}
              head={(i) => {
                const f = fields.find((x) => x.name === columns[i]!.name);
                if (!f) return undefined;
                const failure = failures.get(f.name);
                return (
                  <button type="button" className={`bare ${css.head1}`} aria-expanded={what === 'field' && name === f.name} onClick={() => onOpen(`field:${f.name}`)}>
                    <span className={`clip ${css.head1Name}`}>{f.name}</span>
                    <span className={css.chip} data-wrong={failure !== undefined || undefined}>
                      <TypeIcon of={f} />
                      <span className="clip">
                        {typeNames[typeOf(f)]}
                        {failure && ` · ${count(failure.rows)} fail`}
                      </span>
                    </span>
                  </button>
                );
              }}
            />
          </div>
        )}
        {answer && (
          <p className={css.under}>
            The first {counted(answer.rows, 'row')}
            {(draft.filters ?? []).some((f) => !f.off) && ' that the filters keep'}
          </p>
        )}
      </div>
      <div className={css.sheet}>
        {what === 'field' && fields.some((f) => f.name === name) && <FieldSheet key={name} {...sheet} field={fields.find((f) => f.name === name)!} />}
        {what === 'new-field' && <NewField {...sheet} />}
        {what === 'coordinate' && <CoordinateSheet key={name} {...sheet} name={name} />}
        {what === 'hierarchy' && <HierarchySheet key={name} {...sheet} name={name} />}
        {what === 'filters' && <FiltersSheet {...sheet} />}
        {what === 'parameters' && <ParametersSheet {...sheet} />}
      </div>
    </div>
  );
}

// The grid tells by a type's name how its values stand.
const gridType = { text: 'varchar', integer: 'bigint', decimal: 'double', date: 'date', time: 'timestamp', boolean: 'boolean' } as const;

function split(open: string | undefined): [string, string] {
  const at = open?.indexOf(':') ?? -1;
  return open === undefined ? ['', ''] : at < 0 ? [open, ''] : [open.slice(0, at), open.slice(at + 1)];
}
