import {
  IconChartArea, IconChartBar, IconChartDonut, IconChartHistogram, IconChartLine, IconChartScatter, IconGridDots, IconLetterT, IconMap2, IconMapPin, IconNumber123, IconTable, IconTablePlus,
} from '@tabler/icons-react';

import type { VisualKind } from '../api/dash';

/** The kinds of visuals, as they are offered. */
export const kinds: { kind: VisualKind; name: string; icon: typeof IconTable }[] = [
  { kind: 'points_on_map', name: 'Points on map', icon: IconMapPin },
  { kind: 'filled_map', name: 'Filled map', icon: IconMap2 },
  { kind: 'line', name: 'Line chart', icon: IconChartLine },
  { kind: 'area', name: 'Area chart', icon: IconChartArea },
  { kind: 'bar', name: 'Bar chart', icon: IconChartBar },
  { kind: 'pie', name: 'Pie chart', icon: IconChartDonut },
  { kind: 'scatter', name: 'Scatter plot', icon: IconChartScatter },
  { kind: 'heat_map', name: 'Heat map', icon: IconGridDots },
  { kind: 'histogram', name: 'Histogram', icon: IconChartHistogram },
  { kind: 'kpi', name: 'KPI', icon: IconNumber123 },
  { kind: 'table', name: 'Table', icon: IconTable },
  { kind: 'pivot', name: 'Pivot table', icon: IconTablePlus },
  { kind: 'text', name: 'Text', icon: IconLetterT },
];

export const kindName = (k: VisualKind) => kinds.find((x) => x.kind === k)?.name ?? k;
