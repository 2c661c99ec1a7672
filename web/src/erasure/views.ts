import type { ErasureView } from '../router';

/** The views of the Erasure page, which the palette finds too. */
export const views: readonly { id: ErasureView; name: string }[] = [
  { id: 'requests', name: 'Requests' },
  { id: 'mappings', name: 'Mappings' },
  { id: 'index', name: 'Index' },
  { id: 'holds', name: 'Holds' },
];
