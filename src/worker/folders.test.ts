// Downloads wait on the page's own disk: what one save made must outlive the next one.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Directory } from './testing/directory';

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
