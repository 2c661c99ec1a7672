import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { type Instance, instances, offers } from '../api/instances';
import { Empty } from '../ui/Empty';
import { Pill } from '../ui/Pill';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import list from '../ui/list.module.css';
import type { ViewProps } from './DatabasesPage';
import { NewInstance } from './NewInstance';
import { PendingNote } from './Pending';
import { engineName, groups, sizeOf, statusName, toneOf } from './status';
import css from './databases.module.css';

/** The instances as cards, those first that need a look. */
export function Instances({ search, onOpen }: ViewProps) {
  const q = useQuery(instances);
  const all = q.data ?? [];
  const make = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => onOpen('new')}>
      New instance
    </Button>
  );
  return (
    <div className={list.split}>
      <div className={list.content}>
        {all.length > 0 && (
          <div className={list.bar}>
            <span className={list.barEnd}>{make}</span>
          </div>
        )}
        <div className={list.scroll}>
          {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
          {q.isPending && <Waiting label="Loading instances" />}
          {q.data?.length === 0 && <Empty action={make}>An instance is a real PostgreSQL or MariaDB server on this host, sized by a class.</Empty>}
          {groups.map((g) => {
            const of = all.filter((i) => toneOf(i) === g.tone);
            if (of.length === 0) return null;
            return (
              <section key={g.tone} className={css.group} aria-label={g.title}>
                <h2>
                  {g.title} <span className="num muted">{of.length}</span>
                </h2>
                <ul className={css.cards}>
                  {of.map((i) => (
                    <Card key={`${i.region}/${i.name}`} instance={i} />
                  ))}
                </ul>
              </section>
            );
          })}
        </div>
      </div>
      {search.name === 'new' && <NewInstance onClose={() => onOpen(undefined)} />}
    </div>
  );
}

function Card({ instance: i }: { instance: Instance }) {
  const of = useQuery(offers).data?.classes.find((c) => c.name === i.class);
  return (
    <li className={css.card}>
      <div className={css.cardHead}>
        <Link to="/databases/$region/$instance" params={{ region: i.region, instance: i.name }} className={css.cardName}>
          {i.name}
        </Link>
        <Pill tone={toneOf(i)}>{statusName(i.status)}</Pill>
      </div>
      <p>
        {engineName(i.engine)} {i.version}
        {i.replica_of && <span className={list.chip}>replica of {i.replica_of}</span>}
        {i.multi_az && <span className={list.chip}>Multi-AZ</span>}
      </p>
      <p className="num">
        <code>{i.class}</code>
        {of && <span className="muted"> · {sizeOf(of)}</span>}
      </p>
      <p className="num muted">
        {i.region}
        {i.port !== undefined && ` · ${i.host}:${i.port}`}
      </p>
      <PendingNote of={i} />
    </li>
  );
}
