import { cache } from './cache';
import { Problem, problemFrom, unreachable } from './client';
import { objectURL } from './buckets';

/** Uploads one file. XMLHttpRequest, because fetch tells no upload progress.
 * Without replace, an object that is there already is left as it is and the
 * promise fails with kind "conflict". */
export function upload(
  bucket: string,
  key: string,
  file: File,
  options: { replace: boolean; progress: (share: number) => void; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open('PUT', objectURL(bucket, key));
    x.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    if (!options.replace) x.setRequestHeader('If-None-Match', '*');
    x.upload.onprogress = (e) => e.lengthComputable && options.progress(e.loaded / e.total);
    x.onload = () => {
      if (x.status >= 300) return reject(problemFrom(x.status, x.responseText));
      options.progress(1);
      cache.removeQueries({ queryKey: ['preview', bucket, key] });
      resolve();
    };
    x.onerror = () => reject(unreachable());
    x.onabort = () => reject(new Problem({ kind: 'canceled', message: 'Cancelled; nothing was written.' }));
    options.signal.addEventListener('abort', () => x.abort());
    x.send(file);
  });
}
