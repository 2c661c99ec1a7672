import { type Picture, toCSV, toPNG, toSVG } from '../charts';

function offer(name: string, data: Blob) {
  const url = URL.createObjectURL(data);
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A file's name from a title: what file systems take. */
export const fileName = (title: string, end: string) => `${title.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-|-$/g, '') || 'visual'}.${end}`;

/** Hands a visual's picture, or its figures, to the browser as a file. Pictures are light: they are printed and pasted. */
export async function exportAs(format: 'png' | 'svg' | 'csv', of: Omit<Picture, 'scheme'>, title: string, csv?: () => Promise<string>) {
  const picture: Picture = { ...of, scheme: 'light' };
  const data = {
    csv: async () => new Blob([csv ? await csv() : toCSV(of.visual, of.answer)], { type: 'text/csv' }),
    svg: async () => new Blob([await toSVG(picture)], { type: 'image/svg+xml' }),
    png: () => toPNG(picture),
  }[format];
  offer(fileName(title, format), await data());
}
