// Encrypted files by name and header: `config.json.<SHA-256 of config.json>.enc`. The hash is there twice, and the
// program that made these files only ever looked at the one in the header; here the two must agree.

import { corruptFile, PronkError } from '../../core/errors';
import { type Source, baseName } from '../../core/source';
import { HEADER_BYTES } from './xor';

export interface EncName {
  /** The decrypted file's name. */
  readonly plain: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** The file's name as it was published, without what a download added to it. */
  readonly whole: string;
}

/**
 * What an encrypted file's name says, or undefined if it is not one. A copy's number and a further extension are looked
 * over: `a.json.<hash>.enc (1)`, `a.json.<hash> (1).enc`, `a.json.<hash>.enc.txt`.
 */
export function parseEncName(name: string): EncName | undefined {
  const [, plain, hash] = /^(.+)\.([0-9a-f]{64})(?:[ _-]?\(\d+\))?\.enc(?![0-9a-z])/i.exec(baseName(name)) ?? [];
  // a file of such a name would be written beside or in place of its folder
  if (plain === undefined || plain === '.' || plain === '..') return undefined;
  const sha256 = hash.toLowerCase();
  return { plain, sha256, whole: `${plain}.${sha256}.enc` };
}

/** The SHA-256 in a file's header, in hexadecimal. @throws PronkError `corrupt-file` when it ends within it */
export async function readEncHash(source: Source): Promise<string> {
  if (source.size < HEADER_BYTES) {
    throw corruptFile(source.name, source.size ? 'it ends within its header' : 'it is empty');
  }
  const header = await source.read(0, HEADER_BYTES);
  return Array.from(header, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Compares the hashes of an encrypted file, each 64 lower-case hexadecimal digits.
 * @param computed of the decrypted bytes, when they are known
 * @throws PronkError `hash-mismatch`, its sentence saying which of them disagree
 */
export function checkHashes(file: string, { sha256 }: EncName, header: string, computed = header): void {
  if (header !== sha256) {
    const message = `The name of ${file} and its header give different checksums: it was renamed or is damaged. Download it again.`;
    throw new PronkError('hash-mismatch', message);
  }
  if (computed !== sha256) {
    const message = `What ${file} decrypts to does not have its checksum: it is damaged or incomplete, or this is not its key. Download it again, or choose the right key.`;
    throw new PronkError('hash-mismatch', message);
  }
}
