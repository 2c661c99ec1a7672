import type { DatabasesView } from '../router';

/** The views of the Databases page, which the palette finds too. */
export const views: readonly { id: DatabasesView; name: string }[] = [
  { id: 'instances', name: 'Instances' },
  { id: 'snapshots', name: 'Snapshots' },
  { id: 'classes', name: 'Classes' },
];
