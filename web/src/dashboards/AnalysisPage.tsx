import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { analysis, dataSetToDraw } from '../api/dashboards';
import { Problem } from '../api/client';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { begin } from './definition';
import { Editor } from './Editor';

const route = getRouteApi('/analyses/$analysis');

/** An analysis while it is edited, or one that begins with a data set. */
export function AnalysisPage() {
  const { analysis: id } = route.useParams();
  const search = route.useSearch();
  const isNew = id === 'new';
  // One that was saved for the first time keeps its editor, and with it the steps back.
  const [made, setMade] = useState<string>();
  const from = useQuery({ ...dataSetToDraw(search.data_set ?? ''), enabled: isNew && search.data_set !== undefined });
  const old = useQuery({ ...analysis(id), enabled: !isNew });
  const name = old.data?.name;
  useEffect(() => {
    document.title = `${isNew ? 'New analysis' : (name ?? 'Analysis')} · lethe`;
  }, [isNew, name]);

  const error = isNew
    ? search.data_set === undefined
      ? new Problem({ kind: 'invalid', message: 'An analysis begins with a data set, and the address names none.', hint: 'choose one under Dashboards, New analysis' })
      : from.error
    : old.error;
  const start =
    isNew && from.data
      ? { name: `${from.data.name} analysis`, data: undefined, sets: [from.data] }
      : !isNew && old.data
        ? { name: old.data.name, data: old.data, sets: old.data.data_sets ?? [] }
        : undefined;
  if (start) {
    return <Editor key={isNew || id === made ? 'new' : id} start={start} begin={() => start.data?.definition ?? begin(search.data_set!)} onMade={setMade} />;
  }
  return (
    <>
      <PageHead title={isNew ? 'New analysis' : 'Analysis'} label="Analysis" />
      {error ? <ProblemView error={error} retry={() => void (isNew ? from.refetch() : old.refetch())} /> : <Waiting label="Loading the analysis" />}
    </>
  );
}
