// What a person types or pastes to say which model: a name on the Hub, an address of the Hub, or of any server.

import { PronkError } from '../core/errors';

/** Where a model's files are. */
export type ModelAddress =
  | {
      readonly kind: 'hub';
      /** `owner/name` */
      readonly id: string;
      /** Branch, tag or commit. */
      readonly revision: string;
      /** A folder or file in it; all of it without. */
      readonly path?: string;
    }
  /** A folder, whose address ends in `/` (before a query), or one file. */
  | { readonly kind: 'folder' | 'file'; readonly url: string };

const HUB_HOSTS = new Set(['huggingface.co', 'www.huggingface.co', 'hf.co']);
/** Parts of a Hub address that are no owners. */
const NOT_MODELS = new Set([
  'datasets',
  'spaces',
  'docs',
  'papers',
  'collections',
  'api',
  'settings',
  'models',
  'blog',
]);
const FILE = /\.(gguf|safetensors|bin|pth|pt|json|model|jinja)$/i;

/**
 * Reads `owner/name`, `owner/name@revision`, an address copied from the Hub (a model's page, a folder or a file of it), or
 * the address of a folder or a file on another server.
 * @throws PronkError `bad-address`
 */
export function parseAddress(text: string): ModelAddress {
  const given = text.trim();
  if (/^(https?|hf):\/\//i.test(given)) return parseUrl(given);
  const [host] = given.split('/');
  if (HUB_HOSTS.has(host)) return parseUrl(`https://${given}`);
  const [, id, revision = 'main'] = /^([^@]+?)(?:@(.+))?$/.exec(given) ?? [];
  if (id === undefined || !isHubName(id)) throw bad(given, 'It is neither a name nor an address');
  return hub(given, id, revision);
}

/** An address as text that `parseAddress` reads back. */
export function formatAddress(address: ModelAddress): string {
  if (address.kind !== 'hub') return address.url;
  const { id, revision, path } = address;
  if (path === undefined) return `${id}@${revision}`;
  return `https://huggingface.co/${id}/tree/${encodeURIComponent(revision)}/${encodePath(path)}`;
}

/** Whether an address is that of a dataset on the Hub, and not a model's. */
export function isDatasetPage(text: string): boolean {
  return /^(hf:(?!\/\/)|hf:\/\/datasets\/|https?:\/\/(www\.)?(huggingface\.co|hf\.co)\/datasets\/)/i.test(text.trim());
}

/** A path with each of its parts percent-encoded. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function parseUrl(given: string): ModelAddress {
  let url: URL;
  try {
    url = new URL(given.replace(/^hf:\/\//i, 'https://huggingface.co/'));
  } catch {
    throw bad(given, 'It is not a web address');
  }
  if (url.username || url.password) throw bad(given, 'A name or password must not stand in it');
  url.hash = '';
  if (HUB_HOSTS.has(url.host)) return parseHubUrl(given, url);
  if (FILE.test(url.pathname)) {
    if (/\.gguf$/i.test(url.pathname)) return { kind: 'file', url: url.href };
    // config.json of a folder stands for the folder
    url.pathname = url.pathname.replace(/[^/]*$/, '');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return { kind: 'folder', url: url.href };
}

/** `/owner/name`, `/owner/name/tree/revision/folder`, `/owner/name/blob|resolve|raw/revision/file` */
function parseHubUrl(given: string, url: URL): ModelAddress {
  const parts = url.pathname.split('/').filter(Boolean);
  let decoded: string[];
  try {
    decoded = parts.map(decodeURIComponent);
  } catch {
    throw bad(given, 'It is not a web address');
  }
  const [owner, named = '', action, ...rest] = decoded;
  if (owner === undefined || NOT_MODELS.has(owner)) throw bad(given, 'It does not lead to a model on the Hub');
  // of a discussion, the model
  const [revision = 'main', ...path] = ['tree', 'blob', 'resolve', 'raw'].includes(action) ? rest : [];
  // hf://owner/name@revision
  const [name, at = revision] = named.split('@');
  if (!isHubName(`${owner}/${name}`)) throw bad(given, 'It does not lead to a model on the Hub');
  const shown = url.searchParams.get('show_file_info');
  return hub(given, `${owner}/${name}`, at, path.join('/') || shown || undefined);
}

function hub(given: string, id: string, revision: string, path?: string): ModelAddress {
  if (!/^[\w][\w./-]*$/.test(revision) || revision.includes('..')) throw bad(given, 'Its revision cannot be one');
  if (path?.split('/').some((part) => part === '' || part === '..')) throw bad(given, 'Its path cannot be one');
  return { kind: 'hub', id, revision, ...(path !== undefined && { path }) };
}

/** The Hub's rule: letters, digits, `-`, `_`, `.`; at most 96 characters; no `--` or `..`; no `-` or `.` at an end. */
export function isHubName(id: string): boolean {
  const parts = id.split('/');
  return parts.length === 2 && parts.every(isNamePart);
}

function isNamePart(part: string): boolean {
  return /^\w([\w.-]*\w)?$/.test(part) && part.length <= 96 && !part.includes('--') && !part.includes('..');
}

function bad(given: string, what: string): PronkError {
  const shown = given.length > 80 ? `${given.slice(0, 80)}…` : given;
  return new PronkError(
    'bad-address',
    `“${shown}” does not say where a model is. ${what}. Give a model's name on the Hub (owner/name, or ` +
      'owner/name@revision), or the web address of its folder or of a GGUF file.',
  );
}
