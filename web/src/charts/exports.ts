import type { ToPNG, ToSVG } from './types';

/** A visual as SVG, whose text stays text. 960 by 540, unless told; tables are as high as their rows. */
export const toSVG: ToSVG = async (picture, size) => (await import('./pictures')).svg(picture, size);

/** A visual as PNG, of twice as many pixels as its size. */
export const toPNG: ToPNG = async (picture, size) => (await import('./pictures')).png(picture, size);
