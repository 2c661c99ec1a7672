import { IconBucket, IconChartHistogram, IconDatabase, IconEraser, IconServer2, IconShieldLock, IconStack2, IconTerminal2 } from '@tabler/icons-react';

/** The pages of the rail, with the letter that goes there after g. */
export const places = [
  { to: '/query', name: 'Query', key: 'q', icon: IconTerminal2 },
  { to: '/catalog', name: 'Catalog', key: 'c', icon: IconDatabase },
  { to: '/buckets', name: 'Buckets', key: 'b', icon: IconBucket },
  { to: '/data-sets', name: 'Data sets', key: 's', icon: IconStack2 },
  { to: '/dashboards', name: 'Dashboards', key: 'v', icon: IconChartHistogram },
  { to: '/erasure', name: 'Erasure', key: 'e', icon: IconEraser },
  { to: '/databases', name: 'Databases', key: 'd', icon: IconServer2 },
  { to: '/access', name: 'Access', key: 'a', icon: IconShieldLock },
] as const;
