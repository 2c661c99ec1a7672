import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { cache } from './cache';
import { address, call, get } from './client';
import type { Bucket, Listing, Preview } from './types';

export const buckets = queryOptions({
  queryKey: ['buckets'],
  queryFn: async ({ signal }) => (await get<{ buckets: Bucket[] }>(address(['buckets']), signal)).buckets,
});

export const listing = (bucket: string, prefix: string) =>
  infiniteQueryOptions({
    queryKey: ['listing', bucket, prefix],
    queryFn: ({ pageParam, signal }) =>
      get<Listing>(
        address(['buckets', bucket, 'objects'], { prefix, delimiter: '/', after: pageParam, limit: 500 }),
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
  });

export const preview = (bucket: string, key: string) =>
  queryOptions({
    queryKey: ['preview', bucket, key],
    queryFn: ({ signal }) => get<Preview>(address(['buckets', bucket, 'preview'], {}, key), signal),
  });

export const objectURL = (bucket: string, key: string) => address(['buckets', bucket, 'objects'], {}, key);

const changed = (bucket: string) => cache.invalidateQueries({ queryKey: ['listing', bucket] });

export async function createBucket(name: string) {
  await call('PUT', address(['buckets', name]));
  await cache.invalidateQueries({ queryKey: buckets.queryKey });
}

export async function deleteBucket(name: string) {
  await call('DELETE', address(['buckets', name]));
  await cache.invalidateQueries({ queryKey: buckets.queryKey });
}

export async function deleteObject(bucket: string, key: string) {
  await call('DELETE', objectURL(bucket, key));
  cache.removeQueries({ queryKey: ['preview', bucket, key] });
  await changed(bucket);
}
