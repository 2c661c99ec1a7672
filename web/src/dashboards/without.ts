/** An object but for some of its keys. */
export function without<T extends object, K extends keyof T>(o: T, ...keys: K[]): string extends keyof T ? T : Omit<T, K> {
  const out = { ...o };
  for (const k of keys) delete out[k];
  return out as string extends keyof T ? T : Omit<T, K>;
}
