// One file into a folder: whole and verified, or not at all.
import type { ErrorCode } from '../core/error-codes';
import { PronkError } from '../core/errors';
import type { HasherFactory } from '../core/hash';
import type { Folder } from '../storage/folder';

export interface SaveOptions {
  /** Where digests are computed; in this thread without it. */
  readonly hashers?: HasherFactory;
  /** Bytes of all files that are worked off, and how many there will be. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A file that was written for the person, or could not be. */
export interface SavedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256?: string;
  readonly ok: boolean;
  /** Why it was not kept, as a sentence, and the code of that error. */
  readonly problem?: string;
  readonly code?: ErrorCode;
  /** How another program reads it differently, as a sentence. */
  readonly note?: string;
  /** The file itself, or the archive that several files share, where it is to be downloaded. */
  readonly file?: File;
}

/** The bytes of a file that was produced. */
interface Produced extends Pick<SavedFile, 'bytes' | 'sha256' | 'note'> {
  /** Why they are not to be kept. */
  readonly problem?: PronkError | undefined;
}

/**
 * Writes what `produce` hands to `write`, each piece while the next is being made. Whatever goes wrong is in the result,
 * and nothing of the file stays.
 * @throws the signal's reason
 */
export async function writeFile(
  folder: Folder,
  name: string,
  signal: AbortSignal | undefined,
  produce: (write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>) => Promise<Produced>,
): Promise<SavedFile> {
  const sink = await folder.create(name).catch((error: unknown) => failed(name, error));
  if ('ok' in sink) return sink;
  let writing = Promise.resolve();
  try {
    const { problem, ...produced } = await produce(async (bytes) => {
      await writing;
      writing = sink.write(bytes);
      // awaited before the next piece
      writing.catch(() => {});
    });
    await writing;
    if (!problem) {
      await sink.close();
      return { name, ...produced, ok: true };
    }
    await sink.abort();
    return { ...failed(name, problem), ...produced };
  } catch (error) {
    await writing.catch(() => {});
    await sink.abort().catch(() => {});
    signal?.throwIfAborted();
    return failed(name, error);
  }
}

/** The result of a file that was not written. */
export function failed(name: string, error: unknown): SavedFile {
  const { code, message }: { code: ErrorCode; message: string } =
    error instanceof PronkError
      ? error
      : { code: 'failed', message: `${name} could not be made: ${error instanceof Error ? error.message : error}` };
  return { name, bytes: 0, ok: false, problem: message, code };
}
