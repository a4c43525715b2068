// A stored model as a file for the person: GGUF, which llama.cpp and most others read.
import { fileName } from './file';
import { exportGguf } from './gguf';
import { ggufNote } from './gguf-note';
import type { Folder } from '../../storage/folder';
import type { Library } from '../models/library';
import { type SaveOptions, type SavedFile, writeFile } from '../save';

/**
 * Writes `<name>.gguf`. Kinds that GGUF has keep every bit; others become F16.
 * @throws PronkError `missing-model`, `corrupt-file`, `unsupported-tokenizer`; the signal's reason
 */
export async function exportModel(
  library: Library,
  id: string,
  folder: Folder,
  { onProgress, signal }: SaveOptions = {},
): Promise<SavedFile> {
  const { name, licence, config, tokenizer, tensors } = await library.open(id);
  const gguf = exportGguf(config, tokenizer, tensors, { name, licence });
  return writeFile(folder, `${fileName(name)}.gguf`, signal, async (write) => {
    let bytes = 0;
    for await (const piece of gguf) {
      signal?.throwIfAborted();
      await write(piece);
      onProgress?.((bytes += piece.length), gguf.size);
    }
    const note = ggufNote(config, tokenizer);
    return { bytes, ...(note !== undefined && { note }) };
  });
}
