export interface FileAt {
  file: File;
  /** With the folders it lay in, when a folder was dropped. */
  path: string;
}

/** The files of a drop, those in dropped folders too. */
export async function dropped(d: DataTransfer): Promise<FileAt[]> {
  // Entries must be asked for before the first await: the drop's data is gone after it.
  const entries = [...d.items].map((i) => i.webkitGetAsEntry()).filter((e) => e !== null);
  const out: FileAt[] = [];
  for (const e of entries) await walk(e, out);
  return out;
}

async function walk(e: FileSystemEntry, out: FileAt[]): Promise<void> {
  if (e.isFile) {
    const file = await new Promise<File>((ok, no) => (e as FileSystemFileEntry).file(ok, no));
    out.push({ file, path: e.fullPath.replace(/^\//, '') });
    return;
  }
  const reader = (e as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));
    if (some.length === 0) return;
    for (const x of some) await walk(x, out);
  }
}
