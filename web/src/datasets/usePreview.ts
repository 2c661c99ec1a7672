import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { type DataSetDraft, type Field, type Preview } from '../api/dash';
import { askPreview } from '../api/datasets';
import { hasSource } from './draft';

/** How long after the last change the rows are read again. */
const restMS = 300;

/** The first rows of a draft as it is, some time after it last changed. What only says who may
 * see it, or when it is refreshed, does not change them. */
export function usePreview(draft: DataSetDraft) {
  const { source, fields, coordinates, hierarchies, parameters, filters, read_as } = draft;
  const asked = useMemo(
    (): DataSetDraft => ({ name: '', source, fields, coordinates, hierarchies, parameters, filters, mode: 'live', read_as }),
    [source, fields, coordinates, hierarchies, parameters, filters, read_as],
  );
  const [rested] = useDebouncedValue(asked, restMS, { leading: true });
  const q = useQuery({
    queryKey: ['data-set-preview', rested],
    queryFn: ({ signal }) => askPreview(rested, signal),
    enabled: hasSource(rested.source) && rested.fields.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 60_000,
  });
  return { ...q, waiting: q.isFetching || rested !== asked };
}

/** The draft's fields with what the service told of them in a preview. */
export function known(fields: Field[], preview: Preview | undefined): Field[] {
  if (!preview) return fields;
  const by = new Map(preview.fields.map((f) => [f.name, f]));
  return fields.map((f) => {
    const told = by.get(f.name);
    return told ? { ...f, source_type: told.source_type ?? f.source_type, aggregate: told.aggregate, type: f.type ?? told.type, role: f.role ?? told.role } : f;
  });
}
