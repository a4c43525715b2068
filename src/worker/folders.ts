// Files for the person: in a folder that they chose, or, in browsers without such folders, as downloads.
import { PronkError } from '../core/errors';
import type { FileSink, Folder } from '../storage/folder';

/** A folder that the person chose. */
export function chosenFolder(handle: FileSystemDirectoryHandle): Folder {
  return {
    async create(name) {
      const existing = await handle.getFileHandle(name).catch(() => undefined);
      const file = existing ?? (await handle.getFileHandle(name, { create: true }));
      // a file that stood there before stays as it was until the new one is closed
      return sinkOf(await file.createWritable(), existing ? undefined : () => handle.removeEntry(name));
    },
  };
}

export interface DownloadFolder extends Folder {
  /** A file that was closed, for as long as the page lives. */
  file(name: string): Promise<File>;
  remove(name: string): Promise<void>;
}

/** Only workers have this, and TypeScript is told of windows. */
interface WorkerFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<{
    write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
    flush(): void;
    close(): void;
  }>;
}

const DOWNLOADS = 'downloads';
let cleared: Promise<void> | undefined;

/**
 * The page's own disk: files wait there until the browser has saved them, which nobody is told of; so each save has a
 * folder of its own, and what an earlier visit left is removed before the first.
 * @throws PronkError `no-folder` where the browser has none
 */
export async function downloadFolder(): Promise<DownloadFolder> {
  const root = await navigator.storage?.getDirectory?.().catch(() => undefined);
  if (!root) {
    const message =
      'This browser can neither open folders nor keep files for a page. Use Chrome, Edge, Firefox or Safari in a normal window.';
    throw new PronkError('no-folder', message);
  }
  await (cleared ??= root.removeEntry(DOWNLOADS, { recursive: true }).catch(() => {}));
  const downloads = await root.getDirectoryHandle(DOWNLOADS, { create: true });
  const folder = await downloads.getDirectoryHandle(crypto.randomUUID(), { create: true });
  return {
    async create(name) {
      const file = await folder.getFileHandle(name, { create: true });
      const access = await (file as WorkerFileHandle).createSyncAccessHandle();
      let at = 0;
      return {
        async write(bytes) {
          at += access.write(bytes, { at });
        },
        async close() {
          access.flush();
          access.close();
        },
        async abort() {
          access.close();
          await folder.removeEntry(name);
        },
      };
    },
    file: async (name) => (await folder.getFileHandle(name)).getFile(),
    remove: (name) => folder.removeEntry(name),
  };
}

function sinkOf(stream: FileSystemWritableFileStream, remove?: () => Promise<void>): FileSink {
  return {
    write: (bytes) => stream.write(bytes),
    close: () => stream.close(),
    async abort() {
      await stream.abort();
      await remove?.().catch(() => {});
    },
  };
}
