// The Hugging Face Hub's two questions that matter here: which commit, and which files it has.

import { PronkError } from '../core/errors';
import { type JsonObject, isObject, numberIn, stringIn } from '../core/json';
import { type ModelAddress, encodePath, formatAddress } from './address';
import type { RemoteFile, Repository } from './remote';
import { type TransportOptions, type Wanted, getJson } from './transport';

type HubAddress = Extract<ModelAddress, { kind: 'hub' }>;

/** A page has up to 1,000 entries: larger repositories than this are not models. */
const MAX_PAGES = 50;

/** What repositories hold, as the Hub's addresses spell it. */
export type RepositoryKind = 'models' | 'datasets';

/**
 * A model or a dataset on the Hub, at the commit that its revision means now.
 * @param endpoint `https://huggingface.co`, or a mirror's address
 */
export async function listHub(
  address: HubAddress,
  endpoint: string,
  options: TransportOptions,
  kind: RepositoryKind = 'models',
): Promise<Repository> {
  const { id, revision, path } = address;
  const base = endpoint.replace(/\/+$/, '');
  const api = `${base}/api/${kind}/${id}`;
  const name = `the ${kind === 'models' ? 'model' : 'dataset'} ${id}${revision === 'main' ? '' : `@${revision}`}`;
  const about = await getJson({ name, url: `${api}/revision/${encodeURIComponent(revision)}` }, options);
  const info = isObject(about.json) ? about.json : {};
  const sha = stringIn(info, 'sha');
  if (sha === undefined || !/^[0-9a-f]{40}$/.test(sha)) throw unexpected(name, base);
  const entries = await tree({ name, url: `${api}/tree/${sha}?recursive=true` }, options);
  const page = kind === 'models' ? `${base}/${id}` : `${base}/datasets/${id}`;
  const resolve = (file: string) => `${page}/resolve/${sha}/${encodePath(file)}`;
  const files = entries.map((entry) => fileOf(entry, resolve)).filter((file) => file !== undefined);
  const licence = licenceOf(info);
  return {
    address: formatAddress({ ...address, revision: sha }),
    name: id.slice(id.indexOf('/') + 1),
    revision: sha,
    ...(licence !== undefined && { licence }),
    gated: info['gated'] !== undefined && info['gated'] !== false,
    files,
    ...(path !== undefined && { path }),
  };
}

async function tree(wanted: Wanted, options: TransportOptions): Promise<JsonObject[]> {
  const entries: JsonObject[] = [];
  const first = new URL(wanted.url);
  let url = wanted.url;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { json, headers } = await getJson({ ...wanted, url }, options);
    if (!Array.isArray(json)) throw unexpected(wanted.name, url);
    entries.push(...json.filter(isObject));
    const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get('Link') ?? '')?.[1];
    if (next === undefined) return entries;
    // only where to go on is believed: the token must not follow a link to another server, and mirrors name the Hub's
    const { search } = new URL(next, url);
    url = new URL(search, first).href;
  }
  throw new PronkError('refused', `${wanted.name} has too many files to be read from here.`);
}

function fileOf(entry: JsonObject, resolve: (path: string) => string): RemoteFile | undefined {
  const path = stringIn(entry, 'path');
  const lfs = isObject(entry['lfs']) ? entry['lfs'] : undefined;
  const size = lfs ? numberIn(lfs, 'size') : numberIn(entry, 'size');
  const oid = stringIn(lfs ?? entry, 'oid');
  if (entry['type'] !== 'file' || path === undefined || path.split('/').includes('..')) return undefined;
  if (size === undefined || !Number.isSafeInteger(size) || size < 0) return undefined;
  const digest = lfs ? /^(?:sha256:)?([0-9a-f]{64})$/.exec(oid ?? '')?.[1] : /^[0-9a-f]{40}$/.exec(oid ?? '')?.[0];
  return {
    path,
    size,
    url: resolve(path),
    ...(digest !== undefined && (lfs ? { sha256: digest } : { gitOid: digest })),
  };
}

/** The model card's licence; where it is one of its own, the name that the card gives it. */
function licenceOf(info: JsonObject): string | undefined {
  const card = isObject(info['cardData']) ? info['cardData'] : {};
  const tags = (Array.isArray(info['tags']) ? info['tags'] : []).filter((tag) => typeof tag === 'string');
  const licence = stringIn(card, 'license') ?? tags.find((tag) => tag.startsWith('license:'))?.slice('license:'.length);
  return licence === 'other' ? (stringIn(card, 'license_name') ?? licence) : licence;
}

function unexpected(name: string, url: string): PronkError {
  const { host } = new URL(url);
  return new PronkError('refused', `${host} does not answer like the Hub when it is asked for ${name}.`);
}
