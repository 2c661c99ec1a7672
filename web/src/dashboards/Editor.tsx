import { ActionIcon, Button, Menu, Select } from '@mantine/core';
import { IconArrowBackUp, IconArrowForwardUp, IconArrowLeft, IconDots, IconMathFunction, IconPlus } from '@tabler/icons-react';
import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';

import { analysis, createAnalysis, dataSetToDraw, dataSetsToChoose, deleteAnalysis, drawn, saveAnalysis, type WithSets } from '../api/dashboards';
import { problemOf } from '../api/client';
import type { Analysis, Definition, Visual, VisualKind, KnownSet } from '../api/dash';
import { Confirm } from '../buckets/Confirm';
import { colorStore, suggest } from '../charts';
import { FieldList } from '../datasets/FieldList';
import { PageHead } from '../ui/PageHead';
import { Pill } from '../ui/Pill';
import { ProblemView } from '../ui/Problem';
import list from '../ui/list.module.css';
import { useLatest } from '../ui/useLatest';
import { usePhone } from '../ui/usePhone';
import type { Board } from './board';
import { CalculatedSheet } from './CalculatedSheet';
import { Conflict } from './Conflict';
import { Controls } from './Controls';
import * as define from './definition';
import { usable, type Usable } from './fields';
import { FieldMenu } from './FieldMenu';
import { FiltersPane } from './FiltersPane';
import { HowAsked } from './HowAsked';
import { KindStrip } from './KindStrip';
import { kindName } from './kinds';
import { settled } from './layout';
import { Leaving } from './Leaving';
import { LookPane } from './LookPane';
import { PublishSheet } from './PublishSheet';
import { filtersFor, question } from './scope';
import { SheetGrid } from './SheetGrid';
import { SheetTabs } from './SheetTabs';
import { begun, changed, redone, undone } from './undo';
import { useBoardKeys } from './useBoardKeys';
import { useBoardView } from './useBoardView';
import { titleOf, VisualCard } from './VisualCard';
import { asKind, putAnywhere } from './wellFields';
import { Wells } from './Wells';
import css from './editor.module.css';
import board from './dashboards.module.css';
import { without } from './without';

/** What is edited, undone and saved. */
export interface Work {
  name: string;
  definition: Definition;
}

interface Start {
  name: string;
  data: WithSets<Analysis> | undefined;
  sets: KnownSet[];
}

const panes = [
  { id: 'build', name: 'Build' },
  { id: 'look', name: 'Look' },
  { id: 'filters', name: 'Filters' },
] as const;

/** Edits an analysis: fields into wells, visuals onto sheets, filters, looks; saves and publishes it. */
export function Editor(props: { start: Start; begin: () => Definition; onMade: (id: string) => void }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const phone = usePhone();
  const [past, setPast] = useState(() => begun<Work>({ name: props.start.name, definition: props.begin() }));
  const [saved, setSaved] = useState<{ id?: string; revision: number; dashboard?: string; work?: Work }>(() => ({
    id: props.start.data?.id,
    revision: props.start.data?.revision ?? 0,
    dashboard: props.start.data?.dashboard,
    work: props.start.data && past.now,
  }));
  // Visuals whose kind somebody chose; the kind of others follows from their fields.
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() => new Set(past.now.definition.sheets.flatMap((s) => s.visuals.filter((v) => Object.keys(v.wells ?? {}).length > 0).map((v) => v.id))));
  const [theirs, setTheirs] = useState<WithSets<Analysis>>();
  const [deleting, setDeleting] = useState(false);
  const [menuOf, setMenuOf] = useState<{ field: string; at: DOMRect }>();

  const { name, definition } = past.now;
  const dirty = saved.work !== past.now;
  const { search, sheet, view, go, look, turn, tables, onTable } = useBoardView(definition);
  const edit = (f: (d: Definition) => Definition, of?: string) => setPast((p) => changed(p, { ...p.now, definition: f(p.now.definition) }, of));

  const given = props.start.sets;
  const others = definition.data_sets.filter((id) => !given.some((s) => s.id === id));
  const more = useQueries({ queries: others.map((id) => dataSetToDraw(id)) });
  const sets = [...given, ...more.flatMap((q) => (q.data ? [q.data] : []))];

  const visual = sheet.visuals.find((v) => v.id === search.visual) ?? sheet.visuals.find((v) => v.kind !== 'text') ?? sheet.visuals[0];
  const dataSet = visual?.data_set ?? definition.data_sets[0] ?? '';
  const set = sets.find((s) => s.id === dataSet);
  const fields = useMemo(() => usable(set, definition.calculated), [set, definition.calculated]);
  const colors = useMemo(() => colorStore(definition.colors), [definition.colors]);
  const pane = panes.find((p) => p.id === search.pane)?.id ?? (visual?.kind === 'text' ? 'look' : 'build');

  const it: Board = {
    definition,
    sheet,
    sets,
    view,
    colors,
    mayAsk: true,
    question: (v, view) =>
      drawn({
        visual: question(v),
        filters: filtersFor(definition, sheet, v),
        ...(definition.calculated?.some((f) => f.data_set === v.data_set) && { calculated: definition.calculated.filter((f) => f.data_set === v.data_set) }),
        view,
      }) as ReturnType<Board['question']>,
    onView: look,
    tables,
    onTable,
    onSQL: (id) => go({ open: `sql.${id}` }),
  };

  const select = (id: string) => {
    if (id !== visual?.id) go({ visual: id, ...(search.pane !== 'filters' && { pane: undefined }) }, false);
  };
  const changeVisual = (v: Visual, of?: string) => edit((d) => define.changeVisual(d, sheet.id, v.id, () => v), of);
  // What was just made is shown, wherever on the sheet it came to stand.
  const fresh = useRef<string>(undefined);
  useEffect(() => {
    const box = fresh.current && document.querySelector(`[data-visual="${fresh.current}"]`);
    if (!box) return;
    fresh.current = undefined;
    box.scrollIntoView({ block: 'nearest' });
  });
  const put = (v: Visual) => {
    edit((d) => define.withVisual(d, sheet.id, v));
    fresh.current = v.id;
    go({ visual: v.id, pane: undefined }, false);
  };
  const add = (kind: VisualKind) => {
    const v = define.newVisual(sheet, dataSet, kind);
    if (kind === 'text') setChosen(new Set([...chosen, v.id]));
    put(v);
  };
  const choose = (kind: VisualKind) => {
    if (!visual) return add(kind);
    setChosen(new Set([...chosen, visual.id]));
    changeVisual(asKind({ ...visual, ...(visual.data_set === undefined && kind !== 'text' && { data_set: dataSet }) }, kind, fields));
  };

  /** A field that was clicked goes where it fits; while nobody chose a kind, the kind follows. */
  const pick = (f: Usable) => {
    if (!visual || visual.kind === 'text') {
      put(automatic(define.newVisual(sheet, dataSet, 'table'), [f]));
      return;
    }
    if (chosen.has(visual.id)) return changeVisual(putAnywhere(visual, f));
    const names = new Set(Object.values(visual.wells ?? {}).flatMap((w) => w.map((x) => x.field)));
    changeVisual(automatic(visual, [...fields.filter((x) => names.has(x.name) && x.name !== f.name), f]));
  };
  const automatic = (v: Visual, of: Usable[]): Visual => {
    const all = of.map((f) => (f.coordinate ? (set?.coordinates?.find((c) => c.name === f.name) ?? f) : f));
    const s = suggest(all, set?.coordinates);
    return { ...without(v, 'sort'), kind: s.kind, wells: s.wells };
  };

  const settle = (a: Analysis, work: Work) => setSaved({ id: a.id, revision: a.revision, dashboard: a.dashboard, work });
  const save = useMutation({
    mutationFn: async (over?: number) => {
      const work = past.now;
      if (saved.id === undefined) {
        const a = await createAnalysis(work);
        settle(a, work);
        cache.setQueryData(analysis(a.id).queryKey, { ...a, data_sets: sets });
        props.onMade(a.id);
        void navigate({ to: '/analyses/$analysis', params: { analysis: a.id }, search: (old) => ({ ...old, data_set: undefined }), replace: true, ignoreBlocker: true });
        return a;
      }
      const a = await saveAnalysis(saved.id, over ?? saved.revision, work);
      settle(a, work);
      setTheirs(undefined);
      return a;
    },
    onError: async (e) => {
      if (problemOf(e).status !== 409 || saved.id === undefined) return;
      setTheirs(await cache.fetchQuery({ ...analysis(saved.id), staleTime: 0 }));
    },
  });
  const publish = async () => {
    try {
      if (dirty) await save.mutateAsync(undefined);
    } catch {
      return; // the page says why
    }
    go({ open: 'publish' });
  };

  const keys = useLatest({ save: () => dirty && !save.isPending && save.mutate(undefined) });
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (!(e.ctrlKey || e.metaKey) || e.altKey) return;
      const key = e.key.toLowerCase();
      if (key === 's') {
        e.preventDefault();
        keys.current.save();
        return;
      }
      // What is being typed is undone by the browser.
      if (e.target instanceof HTMLElement && e.target.matches('input, textarea, [contenteditable]')) return;
      if (key === 'z') setPast(e.shiftKey ? redone : undone);
      else if (key === 'y') setPast(redone);
      else return;
      e.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [keys]);
  useBoardKeys({
    table: (id) => onTable(id ?? visual?.id ?? ''),
    clear: () => {
      if (!view.marks?.length) return false;
      look({ ...view, marks: [] }, true);
      return true;
    },
  });
  const blocker = useBlocker({ shouldBlockFn: ({ current, next }) => dirty && past.before.length > 0 && current.pathname !== next.pathname, enableBeforeUnload: () => dirty && past.before.length > 0, withResolver: true });

  const problem = save.error && problemOf(save.error).status !== 409 ? save.error : null;
  const asked = sheet.visuals.find((v) => search.open === `sql.${v.id}`);
  const close = () => go({ open: undefined }, false);
  const on = phone ? (search.pane ?? 'sheet') : undefined;
  // What is open beside the sheet takes the place of the panes.
  const beside = search.open !== undefined;
  const show = (part: string) => (phone ? on === part : part === 'sheet' || !beside);
  return (
    <>
      <PageHead label={name} title={<EditorTitle name={name} dirty={dirty} isNew={saved.id === undefined} onName={(next) => setPast((p) => changed(p, { ...p.now, name: next }, 'name'))} />}>
        <ActionIcon aria-label="Undo" disabled={past.before.length === 0} onClick={() => setPast(undone)}>
          <IconArrowBackUp size={16} />
        </ActionIcon>
        <ActionIcon aria-label="Redo" disabled={past.after.length === 0} onClick={() => setPast(redone)}>
          <IconArrowForwardUp size={16} />
        </ActionIcon>
        <Button variant="default" disabled={!dirty} loading={save.isPending} onClick={() => save.mutate(undefined)}>
          Save
        </Button>
        <Button disabled={save.isPending} onClick={() => void publish()}>
          Publish
        </Button>
        {saved.id !== undefined && (
          <Menu position="bottom-end" withinPortal>
            <Menu.Target>
              <ActionIcon aria-label="More actions">
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {saved.dashboard && (
                <Menu.Item component={Link} to={`/dashboards/${encodeURIComponent(saved.dashboard)}`}>
                  Its dashboard
                </Menu.Item>
              )}
              <Menu.Item component="a" href={`/api/v1/analyses/${encodeURIComponent(saved.id)}/yaml`} download={`${saved.id}.yaml`}>
                Save as YAML
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item onClick={() => setDeleting(true)}>Delete</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </PageHead>
      {problem !== null && <ProblemView error={problem} />}
      <SheetTabs
        definition={definition}
        sheet={sheet.id}
        onTurn={turn}
        edit={{
          add: () => {
            const next = define.withSheet(definition);
            edit(() => next.definition);
            turn(next.sheet.id);
          },
          rename: (n) => edit((d) => define.changeSheet(d, sheet.id, (s) => ({ ...s, name: n }))),
          move: (by) =>
            edit((d) => {
              const at = d.sheets.findIndex((s) => s.id === sheet.id);
              const sheets = d.sheets.filter((s) => s.id !== sheet.id);
              sheets.splice(at + by, 0, sheet);
              return { ...d, sheets };
            }),
          remove: () => {
            edit((d) => define.withoutSheet(d, sheet.id));
            go({ sheet: undefined, visual: undefined });
          },
        }}
      />
      {phone && (
        <div className={css.parts} role="group" aria-label="Parts of the editor">
          {[{ id: 'sheet', name: 'Sheet' }, { id: 'fields', name: 'Fields' }, ...panes].map((p) => (
            <button key={p.id} type="button" className={`bare ${css.part}`} aria-pressed={on === p.id} onClick={() => go({ pane: p.id }, false)}>
              {p.name}
            </button>
          ))}
        </div>
      )}
      <div className={`${list.split} ${board.page}`}>
        {show('fields') && (
          <section
            className={css.fields}
            aria-label="Data"
            onKeyDownCapture={(e) => {
              // Enter asks where to; Space and a click put it where it fits.
              const line = (e.target as HTMLElement).closest<HTMLElement>('[data-line]');
              const field = line?.closest('li')?.querySelector<HTMLElement>('[data-field]')?.dataset.field;
              if (e.key !== 'Enter' || !line || !field) return;
              e.preventDefault();
              e.stopPropagation();
              setMenuOf({ field, at: line.getBoundingClientRect() });
            }}
          >
            <DataSets sets={sets} value={dataSet} onChoose={(id) => (visual && Object.keys(visual.wells ?? {}).length === 0 && visual.kind !== 'text' ? edit((d) => ({ ...define.changeVisual(d, sheet.id, visual.id, (v) => ({ ...v, data_set: id })), data_sets: d.data_sets.includes(id) ? d.data_sets : [...d.data_sets, id] })) : put(define.newVisual(sheet, id, 'table')))} />
            <FieldList
              of={{ fields: fields.filter((f) => !f.coordinate).map(listed), coordinates: set?.coordinates, hierarchies: set?.hierarchies }}
              draggable
              onPick={(i) => {
                const named = i.what === 'hierarchy' ? set?.hierarchies?.find((h) => h.name === i.name)?.fields[0] : i.name;
                const f = fields.find((f) => f.name === named);
                if (f) pick(f);
              }}
              extra={(i) => {
                const own = (definition.calculated ?? []).find((c) => c.data_set === dataSet && c.name === i.name);
                return (
                  <>
                    <span data-field={i.name} hidden />
                    {own && (
                      <ActionIcon size={20} aria-label={`Edit ${i.name}`} onClick={() => go({ open: `field.${i.name}` })}>
                        <IconMathFunction size={13} />
                      </ActionIcon>
                    )}
                  </>
                );
              }}
            />
            <div className={css.fieldsFoot}>
              <Button variant="default" leftSection={<IconMathFunction size={14} />} onClick={() => go({ open: 'field.' })}>
                Calculated field
              </Button>
            </div>
            {menuOf && visual && <FieldMenu field={fields.find((f) => f.name === menuOf.field)} at={menuOf.at} visual={visual} onPick={pick} onChange={changeVisual} onClose={() => setMenuOf(undefined)} />}
          </section>
        )}
        {(phone ? panes.some((p) => p.id === on) : !beside) && (
          <section className={css.visual} aria-label="Visual">
            {!phone && (
              <div className={css.parts} role="group" aria-label="Parts of the visual">
                {panes.map((p) => (
                  <button key={p.id} type="button" className={`bare ${css.part}`} aria-pressed={pane === p.id} onClick={() => go({ pane: p.id, visual: visual?.id }, false)}>
                    {p.name}
                    {p.id === 'filters' && (sheet.filters?.length ?? 0) > 0 && <span className="num muted"> {sheet.filters!.length}</span>}
                  </button>
                ))}
              </div>
            )}
            <div className={css.visualBody}>
              {pane === 'build' && (
                <>
                  <h3>Visual types</h3>
                  <KindStrip value={visual?.kind} onChoose={choose} />
                  {visual && (
                    <p className="muted">
                      {kindName(visual.kind)}
                      {!chosen.has(visual.id) && ', chosen by its fields'}
                    </p>
                  )}
                  {visual && <Wells visual={visual} fields={fields} onChange={changeVisual} />}
                </>
              )}
              {pane === 'look' && visual && <LookPane board={it} visual={visual} onChange={changeVisual} onColor={(field, value, color) => edit((d) => define.withColor(d, field, value, color), `color ${field} ${value}`)} />}
              {pane === 'filters' && (
                <FiltersPane
                  board={it}
                  sheet={sheet}
                  visual={visual}
                  dataSet={dataSet}
                  fields={fields}
                  open={search.filter}
                  onOpen={(id) => go({ filter: id }, false)}
                  onAdd={(f) => edit((d) => define.withFilter(d, sheet.id, f))}
                  onChange={(f) => edit((d) => define.changeFilter(d, sheet.id, f.id!, f), `filter ${f.id}`)}
                  onRemove={(id) => edit((d) => define.withoutFilter(d, sheet.id, id))}
                  onControl={(f, on) =>
                    edit((d) => {
                      const there = sheet.controls?.find((c) => c.filter === f.id);
                      return on ? define.withControl(d, sheet.id, { id: define.newID(), title: f.field, filter: f.id }) : there ? define.withoutControl(d, sheet.id, there.id) : d;
                    })
                  }
                />
              )}
            </div>
          </section>
        )}
        {show('sheet') && (
          <div className={css.canvas}>
            <Controls board={it} onRemove={(c) => edit((d) => define.withoutControl(d, sheet.id, c.id))} />
            <div id="sheet" role="tabpanel" aria-label={sheet.name} className={board.sheet}>
              <SheetGrid
                visuals={sheet.visuals}
                title={titleOf}
                onPlaces={phone ? undefined : (visuals, of) => edit((d) => define.changeSheet(d, sheet.id, (s) => ({ ...s, visuals })), `place ${of}`)}
                draw={(v, handles) => (
                  <VisualCard
                    board={it}
                    visual={v}
                    handles={handles}
                    selected={v.id === visual?.id}
                    onSelect={() => select(v.id)}
                    menu={
                      <>
                        <Menu.Item onClick={() => put(define.copyOf(sheet, v))}>Duplicate</Menu.Item>
                        <Menu.Item onClick={() => edit((d) => define.withoutVisual(d, sheet.id, v.id))}>Remove</Menu.Item>
                      </>
                    }
                  />
                )}
              />
              <div className={css.addMore}>
                <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => add('table')}>
                  Add visual
                </Button>
                <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => add('text')}>
                  Add text
                </Button>
                <Parameters board={it} onAdd={(dataSet, parameter) => edit((d) => define.withControl(d, sheet.id, { id: define.newID(), title: parameter, parameter, data_set: dataSet }))} />
              </div>
            </div>
          </div>
        )}
        {search.open === 'publish' && saved.id !== undefined && !dirty && (
          <PublishSheet id={saved.id} name={name} revision={saved.revision} dashboard={saved.dashboard} onPublished={(d) => setSaved((s) => ({ ...s, dashboard: d.id }))} onClose={close} />
        )}
        {search.open?.startsWith('field.') && (
          <CalculatedSheet
            key={search.open}
            board={it}
            dataSet={dataSet}
            name={search.open.slice('field.'.length)}
            onSave={(f, old) => {
              edit((d) => define.withField(d, f, old));
              close();
            }}
            onRemove={(f) => {
              edit((d) => define.withoutField(d, f));
              close();
            }}
            onClose={close}
          />
        )}
        {asked && <HowAsked board={it} visual={asked} onClose={close} />}
      </div>
      {theirs && (
        <Conflict
          mine={definition}
          theirs={theirs}
          saving={save.isPending}
          onMine={() => save.mutate(theirs.revision)}
          onTheirs={() => {
            const work: Work = { name: theirs.name, definition: { ...theirs.definition, sheets: theirs.definition.sheets.map((s) => ({ ...s, visuals: settled(s.visuals) })) } };
            setPast((p) => changed(p, work));
            settle(theirs, work);
            setTheirs(undefined);
            save.reset();
          }}
          onClose={() => setTheirs(undefined)}
        />
      )}
      {deleting && saved.id !== undefined && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete"
          onConfirm={async () => {
            await deleteAnalysis(saved.id!);
            await navigate({ to: '/dashboards', ignoreBlocker: true });
          }}
          onClose={() => setDeleting(false)}
        >
          What was published of it stays, but cannot be changed any more.
        </Confirm>
      )}
      {blocker.status === 'blocked' && <Leaving onStay={blocker.reset} onLeave={blocker.proceed} />}
    </>
  );
}

function EditorTitle(props: { name: string; dirty: boolean; isNew: boolean; onName: (name: string) => void }) {
  return (
    <span className={board.title}>
      <Link to="/dashboards" className={board.back} aria-label="All dashboards">
        <IconArrowLeft size={16} aria-hidden />
      </Link>
      <input className={css.name} aria-label="Name of the analysis" value={props.name} onChange={(e) => props.onName(e.currentTarget.value)} spellCheck={false} />
      <span className={css.state}>{props.isNew ? <Pill tone="wants">Not saved</Pill> : props.dirty ? <Pill tone="wants">Changed</Pill> : <Pill tone="good">Saved</Pill>}</span>
    </span>
  );
}

/** A field as the list shows it: what has no column there is calculated, and an analysis is not told columns. */
const listed = (f: Usable): Usable => (f.own || f.expression ? f : { ...f, column: f.column ?? f.name });

/** Which data set's fields are listed; another one can be added. */
function DataSets(props: { sets: readonly KnownSet[]; value: string; onChoose: (id: string) => void }) {
  const all = useQuery(dataSetsToChoose).data ?? [];
  const data = [...props.sets, ...all.filter((d) => !props.sets.some((s) => s.id === d.id))].map((s) => ({ value: s.id, label: s.name }));
  return (
    <div className={css.dataSets}>
      <Select aria-label="Data set" data={data} value={props.value} onChange={(v) => v && v !== props.value && props.onChoose(v)} />
    </div>
  );
}

/** Offers controls for parameters of the data sets that have none yet. */
function Parameters(props: { board: Board; onAdd: (dataSet: string, parameter: string) => void }) {
  const { sheet, sets, definition } = props.board;
  const free = sets.filter((s) => definition.data_sets.includes(s.id)).flatMap((s) => (s.parameters ?? []).filter((p) => !sheet.controls?.some((c) => c.parameter === p.name && c.data_set === s.id)).map((p) => ({ set: s.id, name: p.name })));
  if (free.length === 0) return null;
  return (
    <Menu position="top-start" withinPortal>
      <Menu.Target>
        <Button variant="default" leftSection={<IconPlus size={14} />}>
          Control of a parameter
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {free.map((p) => (
          <Menu.Item key={`${p.set} ${p.name}`} onClick={() => props.onAdd(p.set, p.name)}>
            {p.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
