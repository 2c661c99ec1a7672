import { Button } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';

import { restoreVersion, versions } from '../api/dashboards';
import type { Dashboard } from '../api/dash';
import { ago, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part, Sheet } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { nameOf } from '../ui/principal';
import css from './dashboards.module.css';

/** What was published, and the way back to it. */
export function VersionsSheet(props: { dashboard: Dashboard; onClose: () => void }) {
  const { dashboard: d } = props;
  const q = useQuery(versions(d.id));
  const restore = useMutation({ mutationFn: (n: number) => restoreVersion(d.id, n) });
  return (
    <Sheet label="Versions" title="Versions" onClose={props.onClose}>
      <Part title="What was published">
        {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} compact />}
        {q.isPending && <Waiting label="Loading versions" />}
        {restore.error && <ProblemView error={restore.error} compact />}
        <ul className={css.versions}>
          {q.data
            ?.toSorted((a, b) => b.number - a.number)
            .map((v) => (
              <li key={v.number}>
                <div>
                  <p>
                    <b>Version {v.number}</b> <span className="muted" title={moment(v.published)}>{ago(v.published)} by {nameOf(v.by)}</span>
                  </p>
                  {v.note && <p>{v.note}</p>}
                </div>
                {v.number === d.version ? (
                  <span className="muted">shown now</span>
                ) : (
                  <Button variant="default" loading={restore.isPending && restore.variables === v.number} onClick={() => restore.mutate(v.number)} aria-label={`Show version ${v.number} again`}>
                    Show again
                  </Button>
                )}
              </li>
            ))}
        </ul>
      </Part>
    </Sheet>
  );
}
