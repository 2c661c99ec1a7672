import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconDots, IconRefresh, IconTrash, IconUpload } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type DragEvent, useEffect, useMemo, useRef, useState } from 'react';

import { deleteBucket, listing } from '../api/buckets';
import { problemOf } from '../api/client';
import { Empty } from '../ui/Empty';
import { counted } from '../ui/format';
import { PageHead } from '../ui/PageHead';
import { ProblemView } from '../ui/Problem';
import { Waiting } from '../ui/Waiting';
import { Confirm } from './Confirm';
import { Entries } from './Entries';
import { ObjectSheet } from './ObjectSheet';
import { dropped } from './dropped';
import { UploadTray } from './UploadTray';
import { useUploads } from './useUploads';
import css from './buckets.module.css';

const route = getRouteApi('/buckets/$bucket');

/** What lies in a bucket, folder by folder. */
export function BucketPage() {
  const { bucket } = route.useParams();
  const { prefix = '', object } = route.useSearch();
  const navigate = useNavigate();
  const q = useInfiniteQuery(listing(bucket, prefix));
  const picker = useRef<HTMLInputElement>(null);
  const uploads = useUploads();
  const [over, setOver] = useState(false);
  const [removing, setRemoving] = useState(false);

  useEffect(() => {
    document.title = `${prefix || bucket} · lethe`;
  }, [bucket, prefix]);

  const entries = useMemo(
    () =>
      (q.data?.pages ?? []).flatMap((p) => [
        ...p.prefixes.map((key) => ({ key, folder: true as const })),
        ...p.objects.filter((o) => o.key !== prefix).map((o) => ({ ...o, folder: false as const })),
      ]),
    [q.data, prefix],
  );
  const open = (key: string | undefined) =>
    void navigate({ to: '/buckets/$bucket', params: { bucket }, search: { prefix, object: key }, replace: object !== undefined });

  const drop = async (e: DragEvent) => {
    e.preventDefault();
    setOver(false);
    uploads.add(bucket, prefix, await dropped(e.dataTransfer));
  };

  const parts = prefix.split('/').filter((p, i, all) => p !== '' || i < all.length - 1);
  return (
    <div
      className={css.page}
      onDragOver={(e) => {
        if (!e.dataTransfer.types.includes('Files')) return;
        e.preventDefault();
        setOver(true);
      }}
      onDragLeave={(e) => !e.currentTarget.contains(e.relatedTarget as Node | null) && setOver(false)}
      onDrop={(e) => void drop(e)}
    >
      <PageHead
        label={`Bucket ${bucket}`}
        title={
          <span className={css.crumbs}>
            <Link to="/buckets">Buckets</Link>
            <span aria-hidden>/</span>
            <Link to="/buckets/$bucket" params={{ bucket }}>
              {bucket}
            </Link>
            {parts.map((p, i) => (
              <span key={i}>
                <span aria-hidden>/</span>
                <Link to="/buckets/$bucket" params={{ bucket }} search={{ prefix: parts.slice(0, i + 1).join('/') + '/' }}>
                  {p || '(empty)'}
                </Link>
              </span>
            ))}
          </span>
        }
      >
        <Button leftSection={<IconUpload size={15} />} onClick={() => picker.current?.click()}>
          Upload
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label="More">
              <IconDots size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconRefresh size={15} />} onClick={() => void q.refetch()}>
              Read again
            </Menu.Item>
            <Menu.Item leftSection={<IconTrash size={15} />} onClick={() => setRemoving(true)}>
              Delete bucket
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label="Files to upload"
          onChange={(e) => {
            uploads.add(bucket, prefix, [...(e.currentTarget.files ?? [])].map((file) => ({ file, path: file.name })));
            e.currentTarget.value = '';
          }}
        />
      </PageHead>
      <div className={css.body} data-over={over || undefined}>
        <div className={css.content}>
          {q.error && (
            <ProblemView error={q.error} retry={problemOf(q.error).kind === 'not found' ? undefined : () => void q.refetch()} />
          )}
          {q.isPending && <Waiting label="Loading objects" />}
          {q.data && entries.length === 0 && (
            <Empty
              action={
                <Button leftSection={<IconUpload size={15} />} onClick={() => picker.current?.click()}>
                  Upload files
                </Button>
              }
            >
              {prefix ? 'Nothing lies under this prefix.' : 'This bucket is empty.'} Files may be dropped here, too.
            </Empty>
          )}
          {entries.length > 0 && (
            <Entries
              key={`${bucket}/${prefix}`}
              bucket={bucket}
              prefix={prefix}
              entries={entries}
              selected={object}
              onOpen={open}
              onEnd={() => q.hasNextPage && !q.isFetchingNextPage && void q.fetchNextPage()}
            />
          )}
          {entries.length > 0 && (
            <div className={css.under}>
              {counted(entries.length, 'entry', 'entries')}
              {q.hasNextPage && ' so far'}
            </div>
          )}
        </div>
        {object !== undefined && <ObjectSheet key={object} bucket={bucket} objectKey={object} onClose={() => open(undefined)} />}
        {over && (
          <div className={css.drop}>
            Drop to upload to {bucket}/{prefix}
          </div>
        )}
      </div>
      <UploadTray uploads={uploads} />
      {removing && (
        <Confirm
          title="Delete bucket"
          action="Delete"
          onClose={() => setRemoving(false)}
          onConfirm={async () => {
            await deleteBucket(bucket);
            await navigate({ to: '/buckets' });
          }}
        >
          Delete the bucket <b>{bucket}</b>? Only an empty bucket can be deleted.
        </Confirm>
      )}
    </div>
  );
}
