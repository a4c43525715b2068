// Whether a file is the one that its repository lists: a SHA-256 for large files (Git LFS), git's own id for others.

import { corruptFile } from '../core/errors';
import type { Source } from '../core/source';

/** What the bytes of a file must digest to, lower-case hexadecimal. */
export interface ExpectedDigest {
  readonly sha256?: string | undefined;
  /** SHA-1 of `blob <length>\0` and the bytes: what `git hash-object` says. */
  readonly gitOid?: string | undefined;
}

/** Whether bytes are what they should be; true where nothing is known of them. */
export async function matches(bytes: Uint8Array<ArrayBuffer>, { sha256, gitOid }: ExpectedDigest): Promise<boolean> {
  if (sha256 !== undefined) return (await hex('SHA-256', bytes)) === sha256;
  return gitOid === undefined || (await gitBlobId(bytes)) === gitOid;
}

/** git's id of a file's content. */
export async function gitBlobId(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const blob = new Uint8Array(head.length + bytes.length);
  blob.set(head);
  blob.set(bytes, head.length);
  return hex('SHA-1', blob);
}

async function hex(algorithm: 'SHA-1' | 'SHA-256', bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * A small file that is read whole and verified before any of it is given out; wrong bytes are fetched once more.
 * @param open the file on its server, without what earlier reads have brought
 * @throws PronkError from `read`: `corrupt-file`, and what `open` and its reads throw
 */
export function verifiedSource(
  { name, size }: { readonly name: string; readonly size: number },
  open: () => Promise<Source>,
  expected: ExpectedDigest,
): Source {
  let whole: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const load = async () => {
    for (let tries = 0; tries < 2; tries++) {
      const bytes = await (await open()).read(0, size);
      if (await matches(bytes, expected)) return bytes;
    }
    throw corruptFile(name, 'the server sends other bytes than the repository lists');
  };
  return {
    name,
    size,
    read: async (start, end) => {
      if (!(start >= 0 && start <= end && end <= size)) {
        throw new RangeError(`Bytes ${start} to ${end} of ${name} asked for, which has ${size}`);
      }
      whole ??= load();
      // the next read tries again
      whole.catch(() => (whole = undefined));
      return (await whole).slice(start, end);
    },
  };
}
