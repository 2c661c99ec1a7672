// Visuals: pictures of answers to questions to data sets.
//
// <VisualView> draws any kind of visual into the box that it is given, and loads what draws
// charts when the first one is to be seen. <TableTwin> shows the same as a table. Colours come
// from one colorStore(definition.colors) for all visuals of a page.

export { type Colors, colorOf, colorStore, palette, type Scheme } from './colors';
export { toCSV } from './csv';
export { toPNG, toSVG } from './exports';
export { formatNumber, formatValue } from './format';
export { type Chosen, measure as measureOf, suggest } from './suggest';
export { TableTwin } from './TableTwin';
export type { Coordinate, Picture, PictureSize, Size, Suggestion, TableTwinProps, VisualProps } from './types';
export { VisualView } from './VisualView';
