// A model's files somewhere else: which there are, how large they are, what they must be, and how to read one.

import { baseName, type Source } from '../core/source';
import { HUB } from './access';
import { type ModelAddress, parseAddress } from './address';
import { httpSource } from './http-source';
import { listHub } from './hub-api';
import { listFolder } from './probe';
import type { RemoteFile, Repository } from './remote';
import type { TransportOptions } from './transport';
import { verifiedSource } from './verify';

export interface RemoteOptions extends TransportOptions {
  /** The address of the Hub or of a mirror of it. */
  readonly endpoint?: string | undefined;
}

/** A file to read from. */
export interface RemoteSource {
  readonly source: Source;
  /** What the reader must find while it reads from end to end; undefined where it was verified, or nothing is known. */
  readonly sha256?: string;
}

/** Bytes of a request, at most: two or three of them are in memory at once. */
const GROW_TO = 32 << 20;
/** Files up to this size are read whole and verified before they are used. */
const SMALL = 32 << 20;

/**
 * The files at an address: `owner/name`, `owner/name@revision` or an address of the Hub, of a folder or of a GGUF file.
 * @throws PronkError `bad-address`, `bad-token`, `not-found`, `private`, `gated`, `network`, `refused`; the signal's reason
 */
export async function listRepository(address: string | ModelAddress, options: RemoteOptions = {}): Promise<Repository> {
  const parsed = typeof address === 'string' ? parseAddress(address) : address;
  return parsed.kind === 'hub' ? listHub(parsed, options.endpoint ?? HUB, options) : listFolder(parsed, options);
}

/**
 * A file of a repository as a source; nothing is asked for before the first read.
 * @param name shown in messages and used by readers; the file's own name by default
 * @throws PronkError `bad-token`; reads of the source throw as `httpSource`'s do, and `corrupt-file`
 */
export async function openRemote(
  file: RemoteFile,
  options: RemoteOptions = {},
  name: string = baseName(file.path),
): Promise<RemoteSource> {
  const { size, sha256, gitOid, url } = file;
  const known = sha256 !== undefined || gitOid !== undefined;
  const growTo = sha256 === undefined ? undefined : GROW_TO;
  const open = () => httpSource({ ...options, url, name, size, immutable: known, growTo });
  if (known && size <= SMALL) return { source: verifiedSource({ name, size }, open, { sha256, gitOid }) };
  return { source: await open(), ...(sha256 !== undefined && { sha256 }) };
}
