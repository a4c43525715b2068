// Files that are made for the person: into a folder of theirs, or as downloads, with progress and a way to end it.
import type { SaveOptions, WrittenFile } from '../engine/save';
import type { Folder } from '../storage/folder';
import type { ProgressTask, Saved } from './api';
import { chosenFolder, downloadFolder } from './folders';
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

  /** Runs a task that writes into a folder, until it is done or cancelled. */
  async withFolder<T>(
    id: string,
    handle: FileSystemDirectoryHandle | undefined,
    write: (folder: Folder, options: SaveOptions, fileOf: (name: string) => Promise<{ file?: File }>) => Promise<T>,
  ): Promise<T> {
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
      return await write(downloads ?? chosenFolder(handle!), options, async (name) =>
        downloads ? { file: await downloads.file(name) } : {},
      );
    } finally {
      this.#running.delete(id);
    }
  }

  /** Saves files one after another; the error of one that failed is in the result. */
  save(
    id: string,
    handle: FileSystemDirectoryHandle | undefined,
    write: (folder: Folder, options: SaveOptions) => AsyncIterable<WrittenFile>,
  ): Promise<Saved[]> {
    return this.withFolder(id, handle, async (folder, options, fileOf) => {
      const saved: Saved[] = [];
      for await (const { code: _, ...file } of write(folder, options)) {
        saved.push(file.ok ? { ...file, ...(await fileOf(file.name)) } : file);
      }
      return saved;
    });
  }
}
