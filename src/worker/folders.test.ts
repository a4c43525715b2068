// Downloads wait on the page's own disk: what one save made must outlive the next one.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** As much of the origin-private file system as is used here. */
class Directory {
  readonly entries = new Map<string, Directory | Uint8Array[]>();
  async getDirectoryHandle(name: string) {
    const found = this.entries.get(name) ?? new Directory();
    this.entries.set(name, found);
    return found as Directory;
  }
  async getFileHandle(name: string, { create = false } = {}) {
    if (create) this.entries.set(name, []);
    const pieces = this.entries.get(name) as Uint8Array[] | undefined;
    if (!pieces) throw new DOMException('gone', 'NotFoundError');
    return {
      getFile: async () => new File(pieces as BlobPart[], name),
      createSyncAccessHandle: async () => ({
        write: (bytes: Uint8Array) => pieces.push(bytes.slice()) && bytes.length,
        flush() {},
        close() {},
      }),
    };
  }
  async removeEntry(name: string) {
    const found = this.entries.get(name);
    if (found instanceof Directory) found.entries.clear();
    if (!this.entries.delete(name)) throw new DOMException('gone', 'NotFoundError');
  }
}

const root = new Directory();
beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal('navigator', { storage: { getDirectory: async () => root } });
});
afterEach(() => vi.unstubAllGlobals());

test('a save leaves those before it alone, and the next visit begins with none', async () => {
  const { downloadFolder } = await import('./folders');
  const [first, second] = [await downloadFolder(), await downloadFolder()];
  for (const [folder, value] of [
    [first, 1],
    [second, 2],
  ] as const) {
    const sink = await folder.create('config.json');
    await sink.write(new Uint8Array([value]));
    await sink.close();
  }
  await downloadFolder();
  const read = async (folder: typeof first) => new Uint8Array(await (await folder.file('config.json')).arrayBuffer());
  expect([await read(first), await read(second)]).toEqual([new Uint8Array([1]), new Uint8Array([2])]);
  vi.resetModules();
  await (await import('./folders')).downloadFolder();
  expect([...(root.entries.get('downloads') as Directory).entries.values()]).toEqual([new Directory()]);
});
