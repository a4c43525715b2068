// Files that are made for the person: into a folder of theirs, or as downloads, with progress and a way to end it.
import { defined } from '../core/defined';
import { fileName } from '../engine/export/file';
import type { SavedFile, SaveOptions } from '../engine/save';
import type { Folder } from '../storage/folder';
import type { ProgressTask } from './contract';
import { archiveFiles } from './archive';
import { chosenFolder, type DownloadFolder, downloadFolder } from './folders';
import { workerHashers } from './hashers';

/** Progress of a task, as events. */
export type Tell = (task: ProgressTask, id: string) => (stage: string, done: number, total: number) => void;

export class Saves {
  readonly #tell: Tell;
  readonly #running = new Map<string, AbortController>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  cancel(id: string): void {
    this.#running.get(id)?.abort();
  }

  /**
   * Runs a task that writes into a folder, until it is done or cancelled.
   * @param write returns the files that are to be handed over, with whatever else came of it
   * @param archive what several files are downloaded in, where there is no folder
   */
  async withFolder<T extends { readonly files: readonly SavedFile[] }>(
    id: string,
    handle: FileSystemDirectoryHandle | undefined,
    archive: string,
    write: (folder: Folder, options: SaveOptions) => Promise<T>,
  ): Promise<Omit<T, 'files'> & { readonly files: SavedFile[] }> {
    const downloads = handle ? undefined : await downloadFolder();
    const controller = new AbortController();
    this.#running.set(id, controller);
    const progress = this.#tell('save', id);
    const options = {
      hashers: workerHashers,
      signal: controller.signal,
      onProgress: (done: number, total: number) => progress('Saving', done, total),
    };
    try {
      const written = await write(downloads ?? chosenFolder(defined(handle, 'the folder')), options);
      if (!downloads) return { ...written, files: [...written.files] };
      const tell = (done: number, total: number) => progress('Putting the files together', done, total);
      const files = await handedOver(downloads, written.files, archive, tell, controller.signal);
      return { ...written, files };
    } finally {
      this.#running.delete(id);
    }
  }

  /** Saves files one after another; the error of one that failed is in the result. */
  async save(
    id: string,
    handle: FileSystemDirectoryHandle | undefined,
    archive: string,
    write: (folder: Folder, options: SaveOptions) => AsyncIterable<SavedFile>,
  ): Promise<SavedFile[]> {
    const { files } = await this.withFolder(id, handle, archive, async (folder, options) => {
      const saved: SavedFile[] = [];
      for await (const file of write(folder, options)) saved.push(file);
      return { files: saved };
    });
    return files;
  }
}

/** Files with what the browser is to download: one as it is, several in one archive if the disk has room for it. */
async function handedOver(
  downloads: DownloadFolder,
  files: readonly SavedFile[],
  archive: string,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<SavedFile[]> {
  const good = files.filter(({ ok }) => ok).map(({ name }) => name);
  const together =
    good.length > 1
      ? await archiveFiles(downloads, `${fileName(archive)}.zip`, good, onProgress, signal).catch((error: unknown) => {
          signal.throwIfAborted();
          if (error instanceof DOMException && error.name === 'QuotaExceededError') return undefined;
          throw error;
        })
      : undefined;
  const file = (name: string) => together ?? downloads.file(name);
  return Promise.all(files.map(async (each) => (each.ok ? { ...each, file: await file(each.name) } : each)));
}
