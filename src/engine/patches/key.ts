// Whether a key can be the right one, told from the first bytes: nobody waits for 27 GB to be told that it was not.
import { PronkError } from '../../formats/errors';
import { isGguf } from '../../formats/gguf';
import type { HasherFactory } from '../../formats/hash';
import { PUBLISHED_KEY } from '../../formats/point-alpaca';
import { isSafetensors } from '../../formats/safetensors';
import { type Source, baseName } from '../../formats/source';
import { WINDOW_BYTES } from '../../formats/stream';
import { HEADER_BYTES, sha256Of, xorSource } from '../../formats/xor';
import type { EncryptedFile } from './patch';

/**
 * The error for a key that none of the files agrees with: no file of a known kind begins as its kind does, and no small
 * one has its checksum. Undefined when one agrees, or when nothing can be told.
 */
export async function wrongKey(
  key: Source,
  files: readonly EncryptedFile[],
  hashers?: HasherFactory,
): Promise<PronkError | undefined> {
  let disagreed = 0;
  for (const file of files) {
    if (file.problem || file.source.size === HEADER_BYTES) continue;
    const agreed = await agrees(xorSource(file.source, key, file.name.plain), file.name.sha256, hashers);
    if (agreed) return undefined;
    if (agreed === false) disagreed++;
  }
  if (!disagreed) return undefined;
  const { name, bytes, md5 } = PUBLISHED_KEY;
  const published = files.some((file) => file.published)
    ? `The key of point-alpaca’s files is LLaMA-7B’s ${name}, which has ${bytes} bytes and the MD5 ${md5}.`
    : 'Choose the file that they were encrypted with.';
  const message = `${baseName(key.name)} is not the key: no file begins as its name says it should. ${published}`;
  return new PronkError('hash-mismatch', message);
}

async function agrees(plain: Source, sha256: string, hashers?: HasherFactory): Promise<boolean | undefined> {
  const head = await plain.read(0, Math.min(plain.size, 16));
  const begins = beginsAsNamed(plain.name, head);
  // a kind that begins otherwise than is known here is not held against the key while its checksum can be had at once
  if (begins !== true && plain.size <= WINDOW_BYTES && (await sha256Of(plain, hashers)) === sha256) return true;
  return begins;
}

/** Whether a file's first bytes are those of the kind that its name says; undefined for kinds unknown here. */
function beginsAsNamed(name: string, head: Uint8Array): boolean | undefined {
  switch (/\.(\w+)$/.exec(name.toLowerCase())?.[1]) {
    case 'json':
      // an object or a list, perhaps after white space, and no control characters
      return /^(\xef\xbb\xbf)?\s*(\{\s*["}]|\[)[\t\r\n -\xff]*$/.test(String.fromCharCode(...head));
    case 'bin':
    case 'pth':
    case 'pt':
    case 'zip':
      return (head[0] === 0x50 && head[1] === 0x4b) || (head[0] === 0x80 && head[1] === 2);
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
