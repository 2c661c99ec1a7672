// Answers and visuals as tests make them.

import type { Answer, AnswerColumn, FieldType, Value, Visual, VisualKind, WellField } from '../api/dash';
import { colorStore } from './colors';
import { inks } from './ink';
import { read } from './reading';
import type { Stage } from './scene';

export const column = (name: string, type: FieldType, values: Value[], bin?: number): AnswerColumn => ({ name, type, values, ...(bin && { bin }) });

export const answer = (columns: AnswerColumn[], more?: Partial<Answer>): Answer => ({
  columns, rows: columns[0]?.values.length ?? 0, sql: '', from: 'live', as_of: '2020-09-10T00:00:00Z', took: 1, ...more,
});

export const visual = (kind: VisualKind, wells: Record<string, WellField[]>, more?: Partial<Visual>): Visual => ({ id: 'v', kind, wells, look: {}, place: { x: 0, y: 0, w: 6, h: 4 }, ...more });

export const sum = (field: string, more?: Partial<WellField>): WellField => ({ field, aggregation: 'sum', ...more });

export const stage = (visual: Visual, answer: Answer, more?: Partial<Stage>): Stage => ({
  visual, answer, fields: [], colors: colorStore(), scheme: 'light', reading: read(visual, answer), ink: inks.light, size: { width: 800, height: 400 }, marks: [], ...more,
});
