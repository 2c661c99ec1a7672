import { Button } from '@mantine/core';
import { IconArrowLeft, IconRefresh } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { closed, type ErasureRequest, report, request, retry } from '../api/erasure';
import { requestViews, type RequestView } from '../router';
import { count, counted, moment } from '../ui/format';
import list from '../ui/list.module.css';
import { PageHead } from '../ui/PageHead';
import { ProblemView, sentence } from '../ui/Problem';
import { Views } from '../ui/Views';
import { Waiting } from '../ui/Waiting';
import { CertificateView, useCertificate } from './CertificateView';
import { Decide } from './Decide';
import { Extend } from './Extend';
import { Hashes } from './Hashes';
import { ProgressView } from './ProgressView';
import { ReportView } from './ReportView';
import { dueIn, shortID, stops, toldWhom, undecided } from './state';
import { StatePill } from './StatePill';
import { Stops } from './Stops';
import css from './erasure.module.css';

const route = getRouteApi('/erasure/$request');

/** One request: its stops, what was found, what is being done and what was done. */
export function RequestPage() {
  const { request: id } = route.useParams();
  const q = useQuery(request(id));
  useEffect(() => {
    document.title = `Request ${shortID(id)} · Erasure · lethe`;
  }, [id]);
  if (q.data) return <Whole key={id} request={q.data} />;
  return (
    <>
      <PageHead label={`Request ${shortID(id)}`} title={<Title id={id} />} />
      {q.error ? <ProblemView error={q.error} retry={() => void q.refetch()} /> : <Waiting label="Loading the request" />}
    </>
  );
}

function Title({ id, request: r }: { id: string; request?: ErasureRequest }) {
  return (
    <span className={css.title}>
      <Link to="/erasure" className={css.back} aria-label="All requests">
        <IconArrowLeft size={16} aria-hidden />
      </Link>
      <span className={css.titleText}>Request</span> <code title={id}>{shortID(id)}</code>
      {r && <StatePill state={r.state} />}
    </span>
  );
}

/** What is looked at first of a request that is where it is. */
const firstView = (r: ErasureRequest): RequestView => (r.state === 'done' ? 'certificate' : r.state === 'erasing' ? 'progress' : 'report');

function Whole({ request: r }: { request: ErasureRequest }) {
  const navigate = useNavigate();
  const asked = route.useSearch().view;
  const [deciding, setDeciding] = useState<'approve' | 'reject' | 'extend' | null>(null);
  const found = useQuery(report(r.id, r.digest)).data;
  const certified = useCertificate(r);
  const again = useMutation({ mutationFn: () => retry(r.id) });
  const views = [
    { id: 'report' as const, name: 'Report', hint: found && count(found.objects?.length ?? 0) },
    { id: 'progress' as const, name: 'Progress' },
    { id: 'certificate' as const, name: 'Certificate' },
  ].filter((v) => v.id === 'report' || (v.id === 'certificate' ? r.state === 'done' : r.state === 'erasing' || (r.state === 'blocked' && r.digest !== undefined)));
  const wanted = requestViews.includes(asked!) ? asked! : firstView(r);
  const view = views.find((v) => v.id === wanted)?.id ?? 'report';
  const due = dueIn(r);
  return (
    <>
      <PageHead label={`Request ${shortID(r.id)}`} title={<Title id={r.id} request={r} />}>
        {!closed(r) && !r.extended && (
          <Button variant="default" onClick={() => setDeciding('extend')}>
            Extend
          </Button>
        )}
        {undecided(r) && (
          <>
            <Button variant="default" onClick={() => setDeciding('reject')}>
              Reject
            </Button>
            <Button className={css.erase} onClick={() => setDeciding('approve')}>
              Approve
            </Button>
          </>
        )}
      </PageHead>
      <div className={css.page}>
        <Stops stops={stops(r, { reported: found?.made, erased: certified?.done })} />
        {r.state === 'blocked' && (
          <div className={css.blocked} role="alert">
            <div>
              <b>It cannot go on by itself.</b>
              <p>{sentence(r.problem ?? 'Nobody knows why')}</p>
              <p className="muted">Mend that, then begin it anew. What was erased stays erased; what is found then is approved again.</p>
              {again.error && <ProblemView error={again.error} compact />}
            </div>
            <Button leftSection={<IconRefresh size={15} />} loading={again.isPending} onClick={() => again.mutate()}>
              Retry
            </Button>
          </div>
        )}
        <dl className={`${list.facts} ${css.about}`}>
          <div>
            <dt>Person</dt>
            <dd>
              <Hashes of={r.identifiers} />
            </dd>
          </div>
          <div>
            <dt>Asked</dt>
            <dd className="num">
              {moment(r.made)} by {r.by}
            </dd>
          </div>
          <div>
            <dt>{closed(r) ? 'Closed' : 'Due'}</dt>
            <dd className="num">
              {closed(r) ? r.closed && moment(r.closed) : moment(r.due)}
              {due.text && (
                <span className={`${css.due} ${css.dueAfter}`} data-close={due.close || undefined}>
                  {due.text}
                </span>
              )}
              {r.extended && (
                <span className={list.chip} title={r.extension_reason}>
                  extended
                </span>
              )}
            </dd>
          </div>
          {r.decisions?.map((d) => (
            <div key={d.at}>
              <dt>{d.approve ? 'Approved' : 'Rejected'}</dt>
              <dd>
                <span className="num">{moment(d.at)}</span> by {d.by}
                {d.reason && <q className={css.reason}>{d.reason}</q>}
              </dd>
            </div>
          ))}
          <div>
            <dt>{r.stops?.told ? 'Told' : 'To be told'}</dt>
            <dd>{toldWhom(r) ? `${toldWhom(r)}, by mail` : 'by you: no address was given'}</dd>
          </div>
          {r.held && r.held.length > 0 && (
            <div>
              <dt>Waits for</dt>
              <dd>
                the end of{' '}
                <Link to="/erasure" search={{ view: 'holds' }}>
                  {counted(r.held.length, 'hold')}
                </Link>
              </dd>
            </div>
          )}
          {r.warning && (
            <div>
              <dt>Look soon</dt>
              <dd className={css.warning}>{sentence(r.warning)}</dd>
            </div>
          )}
          {r.remainder && (
            <div>
              <dt>Remainder of</dt>
              <dd>
                <Link to="/erasure/$request" params={{ request: r.remainder }}>
                  request <code>{shortID(r.remainder)}</code>
                </Link>
                , of what a hold had kept
              </dd>
            </div>
          )}
          {undecided(r) && r.decisions && r.decisions.length > 0 && (
            <div>
              <dt>Waits for</dt>
              <dd>the approval of another person</dd>
            </div>
          )}
        </dl>
        <Views
          label="About the request"
          panel="request"
          views={views}
          value={view}
          onChange={(v) => void navigate({ to: '/erasure/$request', params: { request: r.id }, search: { view: v === firstView(r) ? undefined : v }, replace: true })}
        />
        <div id="request" role="tabpanel" aria-labelledby={`request-${view}`}>
          <h2 className="visually-hidden">{views.find((v) => v.id === view)?.name}</h2>
          {view === 'report' && <ReportView request={r} />}
          {view === 'progress' && <ProgressView request={r} />}
          {view === 'certificate' && <CertificateView request={r} />}
        </div>
      </div>
      {(deciding === 'approve' || deciding === 'reject') && <Decide request={r} approve={deciding === 'approve'} onClose={() => setDeciding(null)} />}
      {deciding === 'extend' && <Extend request={r} onClose={() => setDeciding(null)} />}
    </>
  );
}
