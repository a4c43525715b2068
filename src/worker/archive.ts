// Several files that are downloaded arrive as one: an archive, made on the page's own disk in bounded memory.
import { makeZip } from 'client-zip';
import type { DownloadFolder } from './folders';

/**
 * Puts files of a folder together, as they are; they stay until it is whole, and are gone then.
 * @param onProgress told bytes of all
 * @throws whatever the disk throws, and the signal's reason; nothing of the archive stays then
 */
export async function archiveFiles(
  folder: DownloadFolder,
  name: string,
  files: readonly string[],
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<File> {
  const inputs = await Promise.all(files.map(async (file) => ({ name: file, input: await folder.file(file) })));
  const total = inputs.reduce((sum, { input }) => sum + input.size, 0);
  const sink = await folder.create(name);
  try {
    let done = 0;
    const reader = makeZip(inputs).getReader();
    for (;;) {
      signal.throwIfAborted();
      const { value, done: ended } = await reader.read();
      if (ended) break;
      await sink.write(value as Uint8Array<ArrayBuffer>);
      onProgress(Math.min(total, (done += value.length)), total);
    }
    await sink.close();
  } catch (error) {
    await sink.abort().catch(() => {});
    throw error;
  }
  for (const file of files) await folder.remove(file).catch(() => {});
  return folder.file(name);
}
