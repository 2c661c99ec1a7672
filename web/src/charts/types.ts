import type { Answer, Field, Mark, Visual, WellField } from '../api/dash';
import type { Colors, Scheme } from './colors';

/** Width and height in CSS pixels. */
export interface Size {
  width: number;
  height: number;
}

/** What is drawn, and how: all that a picture is made from. */
export interface Picture {
  visual: Visual;
  /** Of the visual's data set and of the analysis; their formats and descriptions are used. */
  fields: readonly Field[];
  answer: Answer;
  colors: Colors;
  scheme: Scheme;
}

export interface VisualProps {
  visual: Visual;
  fields: readonly Field[];
  /** None before the first has come. */
  answer?: Answer;
  /** The answer is an old one and a new one is on its way. */
  dimmed?: boolean;
  /** One store for all visuals of a page, so that a value has one colour. */
  colors: Colors;
  /** What is marked on the page; what this visual does not have of them it passes over. */
  marks?: readonly Mark[];
  /**
   * A group was clicked, or chosen by key: also one that is marked already. A place on a map is
   * marked by two, its latitude and its longitude. Without it nothing can be marked.
   */
  onMark?: (mark: Mark, and?: Mark) => void;
  /** The page's, unless told. */
  scheme?: Scheme;
  /** The container's, unless told. */
  size?: Size;
}

export interface TableTwinProps {
  visual: Visual;
  fields: readonly Field[];
  answer: Answer;
  /** In pixels; the container's unless told. */
  height?: number;
}

/** A coordinate of a data set: two fields that name places together. */
export interface Coordinate {
  name: string;
  latitude: string;
  longitude: string;
}

/** A kind of visual for fields, and the wells they go into. */
export interface Suggestion {
  kind: Visual['kind'];
  wells: Record<string, WellField[]>;
}

export interface PictureSize {
  width?: number;
  height?: number;
}

/** As pictures leave the page: a text of SVG, and a picture of twice as many pixels. */
export type ToSVG = (picture: Picture, size?: PictureSize) => Promise<string>;
export type ToPNG = (picture: Picture, size?: PictureSize) => Promise<Blob>;
