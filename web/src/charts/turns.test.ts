import { expect, test } from 'vitest';

import { inTurn } from './turns';

test('what is asked is done later, in its order, and not if it is called off', async () => {
  const done: string[] = [];
  await new Promise<void>((all) => {
    inTurn(() => void done.push('a'));
    const off = inTurn(() => void done.push('never'));
    inTurn(() => {
      done.push('b');
      inTurn(() => {
        done.push('d'); // asked for while others still waited
        all();
      });
    });
    inTurn(() => void done.push('c'));
    off();
    expect(done).toEqual([]);
  });
  expect(done).toEqual(['a', 'b', 'c', 'd']);
});
