import {
  IconAbc,
  IconCalendar,
  IconClock,
  IconDecimal,
  IconHash,
  IconMapPin,
  IconMathFunction,
  IconSitemap,
  IconToggleLeft,
  IconWorld,
  IconWorldLatitude,
  IconWorldLongitude,
} from '@tabler/icons-react';

import type { Field, FieldType, Geo } from '../api/dash';
import { typeNames, typeOf } from './types';
import css from './datasets.module.css';

const types: Record<FieldType, typeof IconAbc> = { text: IconAbc, integer: IconHash, decimal: IconDecimal, date: IconCalendar, time: IconClock, boolean: IconToggleLeft };
const geos: Record<Geo, typeof IconAbc> = { latitude: IconWorldLatitude, longitude: IconWorldLongitude, country: IconWorld, region: IconWorld };
export const geoNames: Record<Geo, string> = { latitude: 'Latitude', longitude: 'Longitude', country: 'Country', region: 'Region' };

/** What a field holds, as a sign. */
export function TypeIcon(props: { of: Field | 'coordinate' | 'hierarchy' }) {
  const { Icon, label } = signOf(props.of);
  return (
    <span className={css.type} role="img" aria-label={label} title={label}>
      <Icon size={15} stroke={1.6} aria-hidden />
    </span>
  );
}

function signOf(of: Field | 'coordinate' | 'hierarchy') {
  if (of === 'coordinate') return { Icon: IconMapPin, label: 'Coordinate' };
  if (of === 'hierarchy') return { Icon: IconSitemap, label: 'Hierarchy' };
  const type = typeOf(of);
  if (of.geo) return { Icon: geos[of.geo], label: geoNames[of.geo] };
  if (of.aggregate) return { Icon: IconMathFunction, label: 'Aggregate' };
  return { Icon: types[type], label: typeNames[type] };
}
