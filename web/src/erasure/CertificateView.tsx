import { Button } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconDownload, IconFileTypePdf, IconShieldCheck } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { type Certificate, certificate, checkCertificate, type CertificateCheck, type ErasureRequest } from '../api/erasure';
import { address } from '../api/client';
import { Copy } from '../ui/Copy';
import { count, counted, day, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Part } from '../ui/Sheet';
import { Waiting } from '../ui/Waiting';
import { Line, Lines } from './Lines';
import { Holdings, Place, UnreadPart, Version } from './ReportView';
import { opened } from './signed';
import css from './erasure.module.css';

/** The certificate of a request that is done. */
export function useCertificate(r: ErasureRequest): Certificate | undefined {
  const signed = useQuery({ ...certificate(r.id), enabled: r.state === 'done' }).data;
  return useMemo(() => signed && opened(signed), [signed]);
}

/** What was done, signed; and whether it is still so. */
export function CertificateView({ request: r }: { request: ErasureRequest }) {
  const q = useQuery(certificate(r.id));
  const c = useCertificate(r);
  const check = useMutation({ mutationFn: () => checkCertificate(q.data!) });
  if (q.error) return <ProblemView error={q.error} retry={() => void q.refetch()} />;
  if (!c) return <Waiting label="Loading the certificate" />;
  const objects = c.objects?.filter((o) => !ofCatalog(o)).length ?? 0;
  return (
    <>
      <Part
        title="Certificate"
        action={
          <span className={css.actions}>
            <Button component="a" variant="default" leftSection={<IconDownload size={14} />} href={address(['requests', r.id, 'certificate'])} download={`certificate-${r.id}.json`}>
              JSON
            </Button>
            <Button component="a" variant="default" leftSection={<IconFileTypePdf size={14} />} href={address(['requests', r.id, 'certificate.pdf'])} download={`certificate-${r.id}.pdf`}>
              PDF
            </Button>
            <Button leftSection={<IconShieldCheck size={14} />} loading={check.isPending} onClick={() => check.mutate()}>
              Verify
            </Button>
          </span>
        }
      >
        <p>
          <b>{counted(r.records, 'record')}</b> erased from {counted(objects, 'object')}. After the last change, <b>{counted(c.versions, 'version')}</b> of objects were read and do not hold this person
          {r.exceptions > 0 ? <>, but for {counted(r.exceptions, 'exception')}.</> : '.'}
        </p>
        <p className="muted num">Signed {moment(c.done)}.</p>
        {check.error && <ProblemView error={check.error} compact />}
        {check.data && <Checked check={check.data} />}
      </Part>
      {c.exceptions && c.exceptions.length > 0 && (
        <Part title="Exceptions" note="versions that still hold the person">
          <Lines
            label="Exceptions"
            items={c.exceptions}
            line={(e) => (
              <Line
                what={<Place of={e} />}
                title={e.reason}
                under={
                  <>
                    {e.reason} · <Version of={e} />
                  </>
                }
                warn
                end={e.until ? `until ${day(e.until)}` : 'no end known'}
              />
            )}
          />
        </Part>
      )}
      <UnreadPart of={c.unread} />
      {c.objects && c.objects.length > 0 && (
        <Part title="What was done" note={counted(objects, 'object')}>
          <Lines
            label="What was done"
            items={c.objects}
            line={(o) => (
              <Line
                what={<Place of={o} />}
                title={o.changes?.map((x) => `${x.version}: ${x.etag} → ${x.after ?? 'deleted'}`).join('\n')}
                end={ofCatalog(o) ? undefined : counted(o.records, 'record')}
                under={changesOf(o)}
              />
            )}
          />
        </Part>
      )}
      <Holdings of={c.holdings} />
      <Part title="Listing" note={`SHA-256 over the ${count(c.versions)} versions that were read last`}>
        <Copy value={c.listing} label="Copy the listing's digest" />
      </Part>
    </>
  );
}

/** Whether it is a table of the catalog, and no object. */
const ofCatalog = (o: Outcome) => o.changes?.some((c) => c.statistics) ?? false;

type Outcome = NonNullable<Certificate['objects']>[number];

function changesOf(o: Outcome): string {
  const changes = o.changes ?? [];
  const kept = changes.reduce((n, c) => n + (c.statistics ?? 0), 0);
  if (kept > 0) return `${kept === 1 ? 'a statistic' : counted(kept, 'statistic')} of its columns deleted from the catalog`;
  const gone = changes.filter((c) => !c.after).length;
  const said = [changes.length > gone && `rewritten${changes.length - gone > 1 ? ` ${changes.length - gone} times` : ''}`, gone > 0 && `${counted(gone, 'version')} deleted`, ...(o.notes ?? [])];
  return said.filter(Boolean).join(', ') || 'nothing was left to do';
}

/** What looking again has shown. */
function Checked({ check: k }: { check: CertificateCheck }) {
  const places = k.places?.length ?? 0;
  const good = k.found === 0 && places === 0;
  const others = k.not_asked?.length ?? 0;
  return (
    <div className={css.checked} data-good={good || undefined} role="status">
      {good ? <IconCheck size={16} aria-hidden /> : <IconAlertTriangle size={16} aria-hidden />}
      <p>
        {good ? <b>The signature is good, and this person is not found.</b> : <b>The signature is good, but this person is in {counted(k.found, 'version')} and {counted(places, 'other place')} again.</b>} {counted(k.versions, 'version')} read
        {k.exceptions > 0 && `, ${counted(k.exceptions, 'exception')} still there`}
        {k.unread > 0 && `, ${count(k.unread)} could not be read`}.{' '}
        {others > 0 && `${counted(others, 'other place')} cannot be asked without the person's identifiers: lethe erase verify --id asks them.`}
      </p>
    </div>
  );
}
