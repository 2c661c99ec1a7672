import { ActionIcon, Button } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';

import { bytes, counted } from '../ui/format';
import type { Upload, Uploads } from './useUploads';
import css from './buckets.module.css';

/** What is being uploaded, and what came of it. */
export function UploadTray({ uploads }: { uploads: Uploads }) {
  const { list } = uploads;
  if (list.length === 0) return null;
  const left = list.filter((u) => u.state === 'waiting' || u.state === 'sending').length;
  const failed = list.filter((u) => u.state === 'failed').length;
  const title = left > 0 ? `Uploading ${counted(left, 'file')}` : failed > 0 ? `${counted(failed, 'file')} not uploaded` : `Uploaded ${counted(list.length, 'file')}`;
  return (
    <section className={css.tray} aria-label="Uploads">
      <header>
        <span role="status">{title}</span>
        <ActionIcon aria-label="Close uploads" disabled={uploads.busy} onClick={uploads.clear}>
          <IconX size={15} />
        </ActionIcon>
      </header>
      <ul>
        {list.slice(-200).map((u) => (
          <Line key={u.id} upload={u} uploads={uploads} />
        ))}
      </ul>
    </section>
  );
}

function Line({ upload: u, uploads }: { upload: Upload; uploads: Uploads }) {
  return (
    <li>
      <div className={css.trayLine}>
        <span className="clip" title={u.key}>
          {u.key.slice(u.key.lastIndexOf('/') + 1)}
        </span>
        <span className="num muted">{u.state === 'sending' ? `${Math.floor(u.share * 100)} %` : bytes(u.file.size)}</span>
        {u.state === 'done' && <IconCheck size={15} aria-label="Done" className={css.done} />}
        {(u.state === 'waiting' || u.state === 'sending') && (
          <ActionIcon size={20} aria-label={`Cancel ${u.key}`} onClick={() => uploads.cancel(u.id)}>
            <IconX size={13} />
          </ActionIcon>
        )}
      </div>
      {u.state === 'sending' && (
        <div className={css.bar} role="progressbar" aria-label={u.key} aria-valuenow={Math.floor(u.share * 100)} aria-valuemin={0} aria-valuemax={100}>
          <div style={{ transform: `scaleX(${u.share})` }} />
        </div>
      )}
      {u.state === 'failed' && (
        <div className={css.failed}>
          <span>{u.problem?.kind === 'conflict' ? 'There is an object of this name already.' : u.problem?.message}</span>
          <Button variant="default" onClick={() => uploads.again(u.id, u.problem?.kind === 'conflict')}>
            {u.problem?.kind === 'conflict' ? 'Replace' : 'Try again'}
          </Button>
        </div>
      )}
    </li>
  );
}
