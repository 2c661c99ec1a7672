import type { ErrorComponentProps } from '@tanstack/react-router';

import { Problem } from '../api/client';
import { ProblemView } from './Problem';

/** What a page shows when it failed to load or to draw. */
export function Crash({ error, reset }: ErrorComponentProps) {
  const stale = error instanceof Error && /dynamically imported module|Importing a module/.test(error.message);
  const shown = stale
    ? new Problem({
        kind: 'stale',
        message: 'A part of the console could not be loaded.',
        hint: 'The server may have been updated or stopped. Reload the page.',
      })
    : error;
  return <ProblemView error={shown} retry={stale ? () => location.reload() : reset} />;
}
