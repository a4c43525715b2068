// Files that a person gives, by whatever way: chosen, dropped, or out of a folder. With handles where the browser has them,
// so that an import can go on after a reload.
import type { GivenFile } from '../../worker/contract';

/** What Chromium has beyond the standard library's types. */
interface Pickers {
  showDirectoryPicker?(options: { mode: 'read' | 'readwrite'; id?: string }): Promise<FileSystemDirectoryHandle>;
}
interface HandleItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}
interface Permitted {
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
}

const pickers = () => globalThis as Pickers;
const isHidden = (name: string) => name.startsWith('.');
const isFolder = (handle: FileSystemHandle): handle is FileSystemDirectoryHandle => handle.kind === 'directory';

/** Files of a file input. */
export const chosenFiles = (list: Iterable<File> | null): GivenFile[] =>
  [...(list ?? [])].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

/** Whether folders can be written to; elsewhere files are downloaded. */
export const hasFolders = () => pickers().showDirectoryPicker !== undefined;

/** Asks for a folder; undefined where there is no such window, `null` where the person thought better of it. */
export async function pickFolder(mode: 'read' | 'readwrite'): Promise<FileSystemDirectoryHandle | undefined | null> {
  try {
    return await pickers().showDirectoryPicker?.({ mode, id: mode === 'read' ? 'pronk-models' : 'pronk-saved' });
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return null;
    throw error;
  }
}

/** Every file in a folder, at any depth. */
export async function folderFiles(folder: FileSystemDirectoryHandle): Promise<GivenFile[]> {
  return handleFiles(folder, '');
}

/** Asks the browser to read files again that were given at an earlier visit. Must follow a click. */
export async function askPermission(handles: readonly unknown[]): Promise<boolean> {
  for (const handle of handles as readonly Permitted[]) {
    if ((await handle.requestPermission?.({ mode: 'read' })) !== 'granted') return false;
  }
  return true;
}

/** Each file that was dropped, named by its path inside the folder that it came in. */
export async function droppedFiles(data: DataTransfer): Promise<GivenFile[]> {
  // all of this must be taken before the event is over
  const items = [...data.items].filter(({ kind }) => kind === 'file');
  const loose = [...data.files];
  const taken = items.map((item, i) => ({
    handle: (item as HandleItem).getAsFileSystemHandle?.().catch(() => null),
    entry: item.webkitGetAsEntry?.() ?? null,
    file: loose[i],
  }));
  const found = await Promise.all(
    taken.map(async ({ handle, entry, file }) => {
      const got = await handle;
      if (got) return handleFiles(got, '');
      if (entry) return entryFiles(entry);
      return file ? chosenFiles([file]) : [];
    }),
  );
  return found.flat();
}

async function handleFiles(handle: FileSystemHandle, folder: string): Promise<GivenFile[]> {
  if (isHidden(handle.name)) return [];
  const path = folder + handle.name;
  if (!isFolder(handle)) {
    const file = handle as FileSystemFileHandle;
    return [{ file: await file.getFile(), path, handle: file }];
  }
  const inside: GivenFile[] = [];
  for await (const each of handle.values()) inside.push(...(await handleFiles(each, `${path}/`)));
  return inside;
}

async function entryFiles(entry: FileSystemEntry): Promise<GivenFile[]> {
  if (isHidden(entry.name)) return [];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, path: entry.fullPath.replace(/^\//, '') }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    // it hands out some at a time, and none at the end
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(entryFiles))).flat();
}
