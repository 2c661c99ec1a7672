import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconArrowLeft, IconDots } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { type Instance, instance, offers, rebootInstance, startInstance, stopInstance } from '../api/instances';
import { instanceViews, type InstanceView } from '../router';
import { Copy } from '../ui/Copy';
import { day, moment } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { Pill } from '../ui/Pill';
import { ProblemView } from '../ui/Problem';
import { Views } from '../ui/Views';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import { Delete } from './Delete';
import { Events } from './Events';
import { Logs } from './Logs';
import { MetricsView } from './MetricsView';
import { Modify } from './Modify';
import { OwnSnapshots } from './OwnSnapshots';
import { PendingNote } from './Pending';
import { connections, engineName, gib, sizeOf, statusName, toneOf } from './status';
import css from './databases.module.css';

const route = getRouteApi('/databases/$region/$instance');

const viewNames: Record<InstanceView, string> = { metrics: 'Metrics', events: 'Events', logs: 'Logs', snapshots: 'Snapshots', connect: 'Connect' };

/** One instance: what it is, what waits, how it does, and what happened. */
export function InstancePage() {
  const { region, instance: name } = route.useParams();
  const q = useQuery(instance(region, name));
  useEffect(() => {
    document.title = `${name} · Databases · lethe`;
  }, [name]);
  if (q.data) return <Whole key={`${region}/${name}`} instance={q.data} problem={q.error} />;
  return (
    <>
      <PageHead label={name} title={<Title name={name} />} />
      {q.error ? <ProblemView error={q.error} retry={() => void q.refetch()} /> : <Waiting label="Loading the instance" />}
    </>
  );
}

function Title({ name, instance: i }: { name: string; instance?: Instance }) {
  return (
    <span className={css.title}>
      <Link to="/databases" className={css.back} aria-label="All instances">
        <IconArrowLeft size={16} aria-hidden />
      </Link>
      <span className="clip">{name}</span>
      {i && <Pill tone={toneOf(i)}>{statusName(i.status)}</Pill>}
    </span>
  );
}

function Whole({ instance: i, problem }: { instance: Instance; problem: unknown }) {
  const navigate = useNavigate();
  const search = route.useSearch();
  const [asking, setAsking] = useState<'modify' | 'delete' | null>(null);
  const act = useMutation({ mutationFn: (f: (i: Instance) => Promise<Instance>) => f(i) });
  const can = useQuery(offers).data;
  const of = can?.classes.find((c) => c.name === i.class);
  const view = search.view ?? 'metrics';
  const running = i.status !== 'stopped' && i.status !== 'creating' && i.status !== 'failed';
  return (
    <>
      <PageHead label={i.name} title={<Title name={i.name} instance={i} />}>
        {i.status === 'stopped' && (
          <Button loading={act.isPending} onClick={() => act.mutate(startInstance)}>
            Start
          </Button>
        )}
        {(i.status === 'available' || i.status === 'stopped' || i.status === 'storage-full' || i.status === 'incompatible-parameters') && (
          <Button variant="default" onClick={() => setAsking('modify')}>
            Modify
          </Button>
        )}
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label="More actions">
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={i.status !== 'available'} onClick={() => act.mutate((x) => rebootInstance(x, false))}>
              Reboot
            </Menu.Item>
            {i.multi_az && (
              <Menu.Item disabled={i.status !== 'available'} onClick={() => act.mutate((x) => rebootInstance(x, true))}>
                Reboot with failover
              </Menu.Item>
            )}
            <Menu.Item disabled={i.status !== 'available'} onClick={() => act.mutate(stopInstance)}>
              Stop
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item disabled={i.status === 'deleting'} onClick={() => setAsking('delete')}>
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </PageHead>
      <div className={css.page}>
        {problem !== null && <ProblemView error={problem} />}
        {act.error && <ProblemView error={act.error} />}
        <PendingNote of={i} />
        <dl className={`${list.facts} ${css.about}`}>
          <div>
            <dt>Engine</dt>
            <dd>
              {engineName(i.engine)} <span className="num">{i.version}</span>
            </dd>
          </div>
          <div>
            <dt>Class</dt>
            <dd className="num">
              <code>{i.class}</code>
              {of && ` ${sizeOf(of)}`}
              {of && can && can.scale !== 1 && <span className="muted"> · {gib(of.memory * can.scale)} on this host</span>}
            </dd>
          </div>
          {i.host && i.port !== undefined && (
            <div>
              <dt>Endpoint</dt>
              <dd>
                <Copy value={`${i.host}:${i.port}`} label="Copy the endpoint" />
              </dd>
            </div>
          )}
          <div>
            <dt>First user</dt>
            <dd>
              <code>{i.user}</code>
              {i.database && (
                <span className="muted">
                  {' '}
                  on <code>{i.database}</code>
                </span>
              )}
              {i.secret && (
                <>
                  {' · '}
                  <Link to="/access" search={{ view: 'secrets', name: i.secret }}>
                    its password
                  </Link>
                </>
              )}
            </dd>
          </div>
          <div>
            <dt>Storage</dt>
            <dd className="num">{i.storage} GiB</dd>
          </div>
          <div>
            <dt>Maintenance</dt>
            <dd className="num">{i.window} UTC</dd>
          </div>
          <div>
            <dt>Backups</dt>
            <dd className="num">
              {i.retention === 0 ? 'none' : `${i.backup_window} UTC, kept ${i.retention === 1 ? 'a day' : `${i.retention} days`}`}
              {i.restorable && <span className="muted"> · can be restored up to {moment(i.restorable)}</span>}
            </dd>
          </div>
          {i.replica_of && (
            <div>
              <dt>Replica of</dt>
              <dd>
                <Link to="/databases/$region/$instance" params={{ region: i.region, instance: i.replica_of }}>
                  {i.replica_of}
                </Link>
              </dd>
            </div>
          )}
          {i.replicas && i.replicas.length > 0 && (
            <div>
              <dt>Replicas</dt>
              <dd>
                {i.replicas.map((r, n) => (
                  <span key={r}>
                    {n > 0 && ', '}
                    <Link to="/databases/$region/$instance" params={{ region: i.region, instance: r }}>
                      {r}
                    </Link>
                  </span>
                ))}
              </dd>
            </div>
          )}
          <div>
            <dt>Made</dt>
            <dd className="num">
              {i.made ? day(i.made) : 'not yet'} in {i.region}
              {i.protected && <span className={list.chip}>protected from deletion</span>}
              {i.parameters_are === 'pending-reboot' && <span className={list.chip}>parameters wait for a reboot</span>}
            </dd>
          </div>
        </dl>
        <Views
          label="About the instance"
          panel="instance"
          views={instanceViews.map((id) => ({ id, name: viewNames[id] }))}
          value={view}
          onChange={(v) => void navigate({ to: '/databases/$region/$instance', params: { region: i.region, instance: i.name }, search: { view: v === 'metrics' ? undefined : v }, replace: true })}
        />
        <div id="instance" role="tabpanel" aria-labelledby={`instance-${view}`} className={css.view}>
          <h2 className="visually-hidden">{viewNames[view]}</h2>
          {view === 'metrics' && <MetricsView of={i} running={running} />}
          {view === 'events' && <Events of={i} />}
          {view === 'logs' && <Logs of={i} file={search.file} onOpen={(file) => void navigate({ to: '/databases/$region/$instance', params: { region: i.region, instance: i.name }, search: { view: 'logs', file } })} />}
          {view === 'snapshots' && <OwnSnapshots of={i} />}
          {view === 'connect' && <Connect of={i} />}
        </div>
      </div>
      {asking === 'modify' && <Modify of={i} onClose={() => setAsking(null)} />}
      {asking === 'delete' && <Delete of={i} onClose={() => setAsking(null)} />}
    </>
  );
}

/** What to paste into clients. */
function Connect({ of: i }: { of: Instance }) {
  const ways = connections(i);
  if (ways.length === 0) return <p className={`muted ${css.note}`}>It has no endpoint yet.</p>;
  return (
    <dl className={`${list.facts} ${css.ways}`}>
      {ways.map((w) => (
        <div key={w.client}>
          <dt>{w.client}</dt>
          <dd>
            <Copy value={w.text} label={`Copy what ${w.client} takes`} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
