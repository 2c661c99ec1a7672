import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { Problem } from '../api/client';
import { type Mapping, previewMapping } from '../api/erasure';
import { bytes, count, counted } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { Place } from './ReportView';
import css from './erasure.module.css';

/** What a mapping finds in some of its objects, before it is kept: counts, never values. */
export function MappingPreview({ mapping: m }: { mapping: Mapping }) {
  const look = useMutation({ mutationFn: previewMapping });
  const p = look.data;
  const stale = look.variables !== undefined && JSON.stringify(look.variables) !== JSON.stringify(m);
  return (
    <aside className={css.preview} aria-label="Preview" data-stale={(p && stale) || undefined}>
      <Part
        title="Preview"
        note={stale && p ? 'the mapping has changed since' : undefined}
        action={
          <Button variant="default" loading={look.isPending} disabled={m.identifiers.length === 0} onClick={() => look.mutate(m)}>
            Look
          </Button>
        }
      >
        {look.error && <ProblemView error={look.error} compact />}
        {!p && !look.error && <p className="muted">Reads some of the objects and says what the mapping finds in them: counts, never values.</p>}
        {p && (
          <p className="num">
            <b>{counted(p.objects, 'object')}</b>{p.more && ' or more'}, {bytes(p.bytes)}; {count(p.read)} of them read.
          </p>
        )}
        {p?.problems?.map((b) => (
          <ProblemView key={b.where + b.message} error={new Problem({ kind: 'mapping', message: b.where ? `${b.where}: ${b.message}` : b.message })} compact />
        ))}
      </Part>
      {p?.samples?.map((s) => (
        <Part key={`${s.bucket}/${s.key}`} title={counted(s.records, 'record')}>
          <p className={css.samplePlace}>
            <Place of={s} />
          </p>
          <ul className={css.found}>
            {s.identifiers?.map((i) => (
              <li key={i.type}>
                <b>{i.type}</b>
                <span className="num">
                  in {counted(i.found, 'record')}, {count(i.distinct)} different
                </span>
              </li>
            ))}
          </ul>
        </Part>
      ))}
    </aside>
  );
}
