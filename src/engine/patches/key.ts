// Whether a key can be the right one, told from the first bytes: nobody waits for 27 GB to be told that it was not.
import { PronkError } from '../../core/errors';
import { isGguf } from '../../formats/gguf/gguf';
import type { HasherFactory } from '../../core/hash';
import { PUBLISHED_KEY } from '../../formats/patches/point-alpaca';
import { isSafetensors } from '../../formats/safetensors/safetensors';
import { type Source, baseName } from '../../core/source';
import { HEADER_BYTES, sha256Of, xorSource } from '../../formats/patches/xor';
import type { EncryptedFile } from './patch';

/** Hashed at most, of all files together, before a key is called wrong: a second's work, where a whole set may take many. */
const HASHED_BYTES = 256 << 20;

/**
 * The error for a key that none of the files agrees with: no file of a known kind begins as its kind does, and no
 * smaller one has its checksum. Undefined when one agrees, or when nothing can be told.
 */
export async function wrongKey(
  key: Source,
  files: readonly EncryptedFile[],
  hashers?: HasherFactory,
): Promise<PronkError | undefined> {
  let disagreed = 0;
  let left = HASHED_BYTES;
  for (const file of files.toSorted((a, b) => a.source.size - b.source.size)) {
    if (file.problem || file.source.size === HEADER_BYTES) continue;
    const plain = xorSource(file.source, key, file.name.plain);
    const begins = beginsAsNamed(plain.name, await plain.read(0, Math.min(plain.size, 16)));
    if (begins) return undefined;
    // a file may begin otherwise than is known here: that is not held against the key while its checksum can be had soon
    if (plain.size <= left) {
      if ((await sha256Of(plain, hashers)) === file.name.sha256) return undefined;
      left -= plain.size;
    }
    if (begins === false) disagreed++;
  }
  if (!disagreed) return undefined;
  const { name, bytes, md5 } = PUBLISHED_KEY;
  const published = files.some((file) => file.published)
    ? `The key of point-alpaca’s files is LLaMA-7B’s ${name}, which has ${bytes} bytes and the MD5 ${md5}.`
    : 'Choose the file that they were encrypted with.';
  const message = `${baseName(key.name)} is not the key: no file begins as its name says it should. ${published}`;
  return new PronkError('hash-mismatch', message);
}

/** Whether a file's first bytes are those of the kind that its name says; undefined for kinds unknown here. */
function beginsAsNamed(name: string, head: Uint8Array): boolean | undefined {
  switch (/\.(\w+)$/.exec(name.toLowerCase())?.[1]) {
    case 'json':
      // an object or a list, perhaps after white space, and no control characters
      return /^(\xef\xbb\xbf)?\s*(\{\s*["}]|\[)[\t\r\n -\xff]*$/.test(String.fromCharCode(...head));
    case 'bin':
      // anything may be called so
      return isTorch(head) || (/^(pytorch_model|training_args)/.test(name) ? false : undefined);
    case 'pth':
    case 'pt':
    case 'zip':
      return isTorch(head);
    case 'model':
      // the first field of a SentencePiece model is a piece
      return head[0] === 0x0a;
    case 'safetensors':
      return isSafetensors(head);
    case 'gguf':
      return isGguf(head);
    default:
      return undefined;
  }
}

/** A zip, or the pickle of a PyTorch before 1.6. */
function isTorch(head: Uint8Array): boolean {
  return (head[0] === 0x50 && head[1] === 0x4b) || (head[0] === 0x80 && head[1] === 2);
}
