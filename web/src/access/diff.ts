export interface Change {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

/** The shortest way from one list of lines to another, by their longest common
 * subsequence, from the plain table: policies have some hundred lines at most. */
export function diff(before: readonly string[], after: readonly string[]): Change[] {
  const n = before.length;
  const m = after.length;
  // common[i][j]: how many lines before.slice(i) and after.slice(j) have in common, in order.
  const common = Array.from({ length: n + 1 }, () => new Uint32Array(m + 1));
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      common[i]![j] = before[i] === after[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const out: Change[] = [];
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && before[i] === after[j]) {
      out.push({ kind: 'same', text: before[i++]! });
      j++;
    } else if (j >= m || (i < n && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      out.push({ kind: 'gone', text: before[i++]! });
    } else {
      out.push({ kind: 'new', text: after[j++]! });
    }
  }
  return out;
}
