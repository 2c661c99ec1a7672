import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconArrowLeft, IconDots, IconPencil, IconShare } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';

import { csvOf, dashboard, deleteDashboard, shown, valuesOfControl, type WithSets } from '../api/dashboards';
import type { Answer, Dashboard } from '../api/dash';
import { session } from '../api/session';
import { colorStore } from '../charts';
import { Confirm } from '../buckets/Confirm';
import { ago, moment } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import type { Board } from './board';
import { Controls } from './Controls';
import { HowAsked } from './HowAsked';
import { nameOf } from '../ui/principal';
import { SheetGrid } from './SheetGrid';
import { SheetTabs } from './SheetTabs';
import { ShareForm } from './Share';
import { useBoardKeys } from './useBoardKeys';
import { useBoardView } from './useBoardView';
import { VersionsSheet } from './VersionsSheet';
import { titleOf, VisualCard } from './VisualCard';
import css from './dashboards.module.css';

const route = getRouteApi('/dashboards/$dashboard');

/** A dashboard as its viewers see it. */
export function DashboardPage() {
  const { dashboard: id } = route.useParams();
  const q = useQuery(dashboard(id));
  const name = q.data?.name;
  useEffect(() => {
    document.title = `${name ?? 'Dashboard'} · lethe`;
  }, [name]);
  if (q.data) return <Whole key={`${id} ${q.data.version}`} dashboard={q.data} />;
  return (
    <>
      <PageHead title={<Title name="Dashboard" />} label="Dashboard" />
      {q.error ? <ProblemView error={q.error} retry={() => void q.refetch()} /> : <Waiting label="Loading the dashboard" />}
    </>
  );
}

function Title({ name }: { name: string }) {
  return (
    <span className={css.title}>
      <Link to="/dashboards" className={css.back} aria-label="All dashboards">
        <IconArrowLeft size={16} aria-hidden />
      </Link>
      <span className="clip">{name}</span>
    </span>
  );
}

function Whole({ dashboard: d }: { dashboard: WithSets<Dashboard> }) {
  const navigate = useNavigate();
  const me = useQuery(session).data?.user;
  const { search, sheet, view, go, look, turn, tables, onTable } = useBoardView(d.definition);
  const colors = useMemo(() => colorStore(d.definition.colors), [d.definition.colors]);
  const [deleting, setDeleting] = useState(false);
  const board: Board = {
    definition: d.definition,
    sheet,
    sets: d.data_sets ?? [],
    view,
    colors,
    question: (v, view) => shown(d.id, d.version, v.id, view) as ReturnType<Board['question']>,
    values: (control, search) => valuesOfControl(d.id, d.version, control, search, view.parameters) as ReturnType<NonNullable<Board['values']>>,
    csv: (v, view) => csvOf(d.id, v.id, view),
    onView: look,
    tables,
    onTable,
    onSQL: (visual) => go({ open: `sql.${visual}` }),
  };
  useBoardKeys({
    table: (visual) => (visual ? onTable(visual) : go({ table: tables.size > 0 ? undefined : sheet.visuals.map((v) => v.id).join('*') }, false)),
    clear: () => {
      if (!view.marks?.length) return false;
      look({ ...view, marks: [] }, true);
      return true;
    },
  });
  const edits = me !== undefined && (me.administrator || me.arn === d.owner || (d.shares ?? []).some((s) => s.principal === me.arn && s.role === 'editor'));
  const asked = sheet.visuals.find((v) => search.open === `sql.${v.id}`);
  const close = () => go({ open: undefined }, false);
  const remove = useMutation({ mutationFn: () => deleteDashboard(d.id), onSuccess: () => navigate({ to: '/dashboards' }) });
  return (
    <>
      <PageHead title={<Title name={d.name} />} label={d.name}>
        {edits && d.analysis && (
          <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => void navigate({ to: '/analyses/$analysis', params: { analysis: d.analysis! }, search: { sheet: sheet.id } })}>
            Edit
          </Button>
        )}
        {edits && (
          <Button leftSection={<IconShare size={14} />} onClick={() => go({ open: 'share' })}>
            Share
          </Button>
        )}
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon aria-label="More actions">
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => go({ table: tables.size > 0 ? undefined : sheet.visuals.map((v) => v.id).join('*') }, false)}>{tables.size > 0 ? 'All as pictures' : 'All as tables'}</Menu.Item>
            {edits && <Menu.Item onClick={() => go({ open: 'versions' })}>Versions</Menu.Item>}
            {edits && (
              <Menu.Item component="a" href={`/api/v1/dashboards/${encodeURIComponent(d.id)}/yaml`} download={`${d.id}.yaml`}>
                Save as YAML
              </Menu.Item>
            )}
            {edits && <Menu.Divider />}
            {edits && <Menu.Item onClick={() => setDeleting(true)}>Delete</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
      </PageHead>
      <SheetTabs definition={d.definition} sheet={sheet.id} onTurn={turn} />
      <Controls board={board} />
      <div className={`${list.split} ${css.page}`}>
        <div id="sheet" role="tabpanel" aria-label={sheet.name} className={css.sheet}>
          <SheetGrid visuals={sheet.visuals} title={titleOf} draw={(v) => <VisualCard board={board} visual={v} />} />
          {sheet.visuals.length === 0 && <p className={`muted ${css.note}`}>This sheet is empty.</p>}
          <About dashboard={d} />
        </div>
        {search.open === 'share' && edits && (
          <Sheet label="Share" title={`Share ${d.name}`} onClose={close}>
            <Part title="Who sees it">
              <ShareForm dashboard={d.id} shares={d.shares ?? []} />
            </Part>
          </Sheet>
        )}
        {search.open === 'versions' && edits && <VersionsSheet dashboard={d} onClose={close} />}
        {asked && <HowAsked board={board} visual={asked} onClose={close} />}
      </div>
      {deleting && (
        <Confirm title={`Delete ${d.name}?`} action="Delete" onConfirm={async () => void (await remove.mutateAsync())} onClose={() => setDeleting(false)}>
          Nobody sees it then, and its versions are gone. The analysis stays.
        </Confirm>
      )}
    </>
  );
}

/** Who published it, and how old what it shows is. */
function About({ dashboard: d }: { dashboard: Dashboard }) {
  const cache = useQueryClient();
  const [oldest, setOldest] = useState<string>();
  useEffect(() => {
    const look = () => {
      const times = cache.getQueriesData<Answer>({ queryKey: ['answers', 'dashboard', d.id, d.version], type: 'active' }).flatMap(([, a]) => (a ? [a.as_of] : []));
      setOldest(times.toSorted()[0]);
    };
    look();
    return cache.getQueryCache().subscribe((e) => {
      if (e.query.queryKey[2] === d.id && e.type === 'updated') look();
    });
  }, [cache, d.id, d.version]);
  return (
    <p className={`muted ${css.about}`}>
      {nameOf(d.owner)} shared this, published {ago(d.published)}
      {oldest && (
        <>
          {' · '}
          <span title={moment(oldest)}>data as of {ago(oldest)}</span>
        </>
      )}
    </p>
  );
}
