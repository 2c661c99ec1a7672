import type { AccessView } from '../router';

/** The views of the Access page, which the palette finds too. */
export const views: readonly { id: AccessView; name: string }[] = [
  { id: 'users', name: 'Users' },
  { id: 'groups', name: 'Groups' },
  { id: 'roles', name: 'Roles' },
  { id: 'policies', name: 'Policies' },
  { id: 'keys', name: 'Keys & sessions' },
  { id: 'secrets', name: 'Secrets' },
  { id: 'rules', name: 'Rules' },
  { id: 'audit', name: 'Audit' },
  { id: 'why', name: 'Why?' },
];
