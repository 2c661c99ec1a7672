import { ActionIcon, Button, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconDownload, IconTrash, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { deleteObject, objectURL, preview } from '../api/buckets';
import { bytes, moment } from '../ui/format';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { Confirm } from './Confirm';
import { PreviewView } from './PreviewView';
import css from './buckets.module.css';

/** One object: what it is, what it begins with, and what can be done with it. */
export function ObjectSheet(props: { bucket: string; objectKey: string; onClose: () => void }) {
  const { bucket, objectKey: key, onClose } = props;
  const q = useQuery(preview(bucket, key));
  const [removing, setRemoving] = useState(false);
  const location = `s3://${bucket}/${key}`;
  const o = q.data?.object;

  useEffect(() => {
    const close = (e: globalThis.KeyboardEvent) => {
      if (e.key === 'Escape' && !e.defaultPrevented && !document.querySelector('[role="dialog"]')) onClose();
    };
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [onClose]);

  return (
    <aside className={css.sheet} aria-label={`Object ${key}`}>
      <header className={css.sheetHead}>
        <h2 className="clip" title={key}>
          {key.slice(key.lastIndexOf('/') + 1) || key}
        </h2>
        <Button component="a" href={objectURL(bucket, key)} download variant="default" leftSection={<IconDownload size={15} />}>
          Download
        </Button>
        <Tooltip label="Delete">
          <ActionIcon aria-label="Delete object" onClick={() => setRemoving(true)}>
            <IconTrash size={16} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <ActionIcon aria-label="Close" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </header>
      <div className={css.sheetFacts}>
        <CopyButton value={location}>
          {({ copied, copy }) => (
            <button type="button" className={`bare ${css.locationCopy}`} onClick={copy} title="Copy the location">
              <code>{location}</code>
              {copied ? <IconCheck size={13} aria-label="Copied" /> : <IconCopy size={13} aria-label="Copy" />}
            </button>
          )}
        </CopyButton>
        {o && (
          <p className="num muted">
            {bytes(o.size)} · {moment(o.modified)}
            {o.content_type && ` · ${o.content_type}`}
          </p>
        )}
        {o?.metadata && Object.keys(o.metadata).length > 0 && (
          <dl>
            {Object.entries(o.metadata).map(([k, v]) => (
              <div key={k}>
                <dt>{k}</dt>
                <dd>{v}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      {q.error && <ProblemView error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <Waiting label="Loading the preview" />}
      {q.data && <PreviewView bucket={bucket} preview={q.data} />}
      {removing && (
        <Confirm
          title="Delete object"
          action="Delete"
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await deleteObject(bucket, key);
            onClose();
          }}
        >
          Delete <b>{key}</b> ({o ? bytes(o.size) : 'size unknown'})? This cannot be taken back.
        </Confirm>
      )}
    </aside>
  );
}
