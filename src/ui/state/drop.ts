// Files out of what was dropped, folders included.

/** Each file, named by its path inside the folder that was dropped. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  // entries must be taken before the event is over
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const loose = [...data.files];
  const found = await Promise.all(entries.map((entry, i) => (entry ? filesOf(entry) : loose.slice(i, i + 1))));
  return found.flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    const path = entry.fullPath.replace(/^\//, '');
    // a file that came out of a folder does not say so by itself, and the folder names the model
    return [path.includes('/') ? new File([file], path, { type: file.type, lastModified: file.lastModified }) : file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    // it hands out some at a time, and none at the end
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}
