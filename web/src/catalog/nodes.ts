/** Says what is wrong with the URI of a metastore's node, if something is. */
export function wrongURI(uri: string): string | undefined {
  const host = /^thrift:\/\/(.*)$/.exec(uri.trim())?.[1];
  if (host === undefined) return 'It must begin with thrift://, as thrift://host:9083.';
  if (host === '') return 'The host is missing.';
  if (/[/ ?#@,]/.test(host.replace(/\/$/, ''))) return 'Only a host and a port follow thrift://.';
  const port = /:(\d*)$/.exec(host.replace(/^\[.*\]/, ''));
  if (port && !(Number(port[1]) >= 1 && Number(port[1]) <= 65_535)) return 'The port must be from 1 to 65535.';
  return undefined;
}
