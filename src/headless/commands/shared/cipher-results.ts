// The part that `decrypt` and `encrypt` share: their options, and a line of output for each file.
import type { SaveOptions, SavedFile } from '../../../engine/save';
import { PronkError } from '../../../core/errors';
import { required, UsageError } from '../../arguments';
import { threadHashers } from '../../node-store/hashers';
import type { Print } from '../../print';
import { toldNowAndThen } from '../../messages';

export const CIPHER_OPTIONS = { key: 'text', out: 'text' } as const;

export function keyAndOut({ key, out }: { key?: string; out?: string }, paths: readonly string[]) {
  const found = { key: required(key, 'key'), out: required(out, 'out') };
  if (!paths.length) throw new UsageError('The files are missing: name them after the options.');
  return found;
}

export function cipherSaving(): SaveOptions {
  return { hashers: threadHashers({ resumable: false }), onProgress: toldNowAndThen() };
}

/** Prints results, and fails in the end if one of them did. */
export class Results {
  readonly #print: Print;
  readonly #failed: SavedFile[] = [];
  #count = 0;

  constructor(print: Print) {
    this.#print = print;
  }

  add(result: SavedFile): void {
    const { name: file, bytes, sha256 = null, ok, problem } = result;
    this.#count++;
    if (!ok) {
      this.#failed.push(result);
      console.error(problem);
    }
    this.#print({ file, bytes, sha256, ok, ...(problem !== undefined && { problem }) });
  }

  finish(): void {
    const [first] = this.#failed;
    if (!first) return;
    const message = `${this.#failed.length} of ${this.#count} files failed and were not kept. ${first.problem}`;
    throw new PronkError(first.code ?? 'failed', message);
  }
}
