import { type Picture, toCSV } from '../charts';

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
export async function exportAs(format: 'csv', of: Omit<Picture, 'scheme'>, title: string, csv?: () => Promise<string>) {
  const name = fileName(title, format);
  offer(name, new Blob([csv ? await csv() : toCSV(of.visual, of.answer)], { type: 'text/csv' }));
}
