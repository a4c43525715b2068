// A server that cannot list a folder: the names that models' files have are tried.

import { PronkError } from '../core/errors';
import { isObject } from '../core/json';
import { baseName } from '../core/source';
import type { ModelAddress } from './address';
import { httpSource } from './http-source';
import { MODEL_FILES, type RemoteFile, type Repository } from './remote';
import { type TransportOptions, getJson } from './transport';

type UrlAddress = Exclude<ModelAddress, { kind: 'hub' }>;

const SMALL_FILES = [...MODEL_FILES, 'params.json', 'README.md'];
/** Weights by what names them; the first that is there counts. */
const INDEXES = ['model.safetensors.index.json', 'pytorch_model.bin.index.json'];
const WEIGHTS = ['model.safetensors', 'pytorch_model.bin'];
/** The largest LLaMA came in 8 parts. */
const META_PARTS = 16;

/** A folder on any server, or one GGUF file with its other parts. */
export async function listFolder(address: UrlAddress, options: TransportOptions): Promise<Repository> {
  const { url } = address;
  const found = address.kind === 'file' ? await splits(url, options) : await folder(url, options);
  const name = decodeURIComponent(baseName(new URL(url).pathname.replace(/\/$/, ''))) || new URL(url).host;
  return { address: url, name, gated: false, files: found };
}

/** All parts of a GGUF file, whose names follow from that of one. */
async function splits(url: string, options: TransportOptions): Promise<RemoteFile[]> {
  const { pathname } = new URL(url);
  const [, stem, count] = /^(.*)-\d{5}-of-(\d{5})\.gguf$/i.exec(decodeURIComponent(baseName(pathname))) ?? [];
  const names =
    stem === undefined || count === undefined
      ? [decodeURIComponent(baseName(pathname))]
      : Array.from(
          { length: Number(count) },
          (_, part) => `${stem}-${String(part + 1).padStart(5, '0')}-of-${count}.gguf`,
        );
  return Promise.all(names.map((name) => measured(url, name, options)));
}

async function folder(url: string, options: TransportOptions): Promise<RemoteFile[]> {
  const exists = async (name: string) => optional(measured(url, name, options));
  const [small, weights] = await Promise.all([inTurn(SMALL_FILES, exists), weightFiles(url, options, exists)]);
  const files = [...small.filter((file) => file !== undefined), ...weights];
  if (!files.length) {
    const { host } = new URL(url);
    throw new PronkError(
      'not-found',
      `No model's files were found at ${url}: ${host} has neither config.json nor weights there. Give the address of the ` +
        'folder that holds them, or of one GGUF file.',
    );
  }
  return files;
}

async function weightFiles(
  url: string,
  options: TransportOptions,
  exists: (name: string) => Promise<RemoteFile | undefined>,
): Promise<RemoteFile[]> {
  for (const [which, single] of WEIGHTS.entries()) {
    const file = await exists(single);
    if (file) return [file];
    const indexFile = await exists(INDEXES[which]);
    if (!indexFile) continue;
    const { json } = await getJson({ name: indexFile.path, url: indexFile.url }, options);
    const map = isObject(json) && isObject(json['weight_map']) ? json['weight_map'] : {};
    const shards = [...new Set(Object.values(map))].filter((name) => typeof name === 'string' && isPlainName(name));
    return [indexFile, ...(await inTurn(shards as string[], (name) => measured(url, name, options)))];
  }
  const parts: RemoteFile[] = [];
  for (let part = 0; part < META_PARTS; part++) {
    const file = await exists(`consolidated.${String(part).padStart(2, '0')}.pth`);
    if (!file) break;
    parts.push(file);
  }
  return parts;
}

/** An index is the server's word: it may only name files beside it. */
function isPlainName(name: string): boolean {
  return /^[\w.-]+$/.test(name) && !name.startsWith('.');
}

/** A file beside `url` with its size. A query (a signature) goes along. */
async function measured(url: string, name: string, options: TransportOptions): Promise<RemoteFile> {
  const beside = new URL(url);
  beside.pathname = beside.pathname.replace(/[^/]*$/, encodeURIComponent(name));
  const source = await httpSource({ ...options, url: beside.href, name });
  return { path: name, size: source.size, url: beside.href };
}

/** Undefined for a file that is not there. */
async function optional<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof PronkError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** At most six requests at once, which is what browsers open to a server. */
async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = Array.from({ length: items.length });
  let next = 0;
  const run = async () => {
    for (let mine = next++; mine < items.length; mine = next++) results[mine] = await work(items[mine]);
  };
  await Promise.all(Array.from({ length: Math.min(6, items.length) }, run));
  return results;
}
