// A hostile server for tests: a Hub (its API, gated models, redirects to signed addresses on another origin) and a plain
// folder, on loopback only, whose answers go wrong as they are told to.
//
//   const server = await startServer({ repositories: { 'owner/name': { files: { 'config.json': '{}' } } } });
//   server.setFaults([{ kind: 'drop', match: 'model.safetensors', times: 2 }]);
//   … server.url is the endpoint; server.url + '/files/owner/name/config.json' the same without an API …
//   await server.close();
//
// From a page: POST {url}/control {"faults": […]}, GET {url}/control says what was asked for.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, relative, sep } from 'node:path';

/** Faults that break an answer with a body, and which a client must survive or name. */
export const FAULTS = [
  'hangup', // the connection is closed before an answer
  'drop', // … in the middle of the body
  'truncate', // the body ends early, though the answer claims to be complete
  'long', // more bytes than the answer announces
  'stall', // silence in the middle of the body
  'silence', // no answer at all
  'delay', // a late answer
  'range', // Content-Range of other bytes, with these other bytes
  'total', // Content-Range with another total
  'no-content-range', // 206 that does not say what it holds
  'ignore-range', // 200 with the whole file
  'etag', // another ETag
  'flip', // one bit is wrong, everything else right
  '500',
  '503',
  '429', // with Retry-After: `after` seconds
  '401',
  '403',
  '404',
];

const EXPOSED = 'X-Repo-Commit,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range';

/**
 * Starts the server on two free ports of 127.0.0.1: the Hub, and the storage that large files are redirected to.
 * @param {import('./server.d.mts').ServerOptions} options
 */
export async function startServer(options = {}) {
  const { redirect = true, pageSize = 1000, cors = true, signature = Infinity } = options;
  const repositories = new Map(Object.entries(readFolder(options.folder)));
  for (const [id, repository] of Object.entries(options.repositories ?? {})) repositories.set(id, repository);
  const models = new Map([...repositories].map(([id, repository]) => [id, listed(id, repository)]));
  const log = [];
  let pending = (options.faults ?? []).map((fault) => ({ ...fault }));
  let random = options.random && generator(options.random);
  let signed = 0;

  const nextFault = (path, headers) => {
    if (random) return random(path);
    const index = pending.findIndex(
      ({ match = '', when }) => path.includes(match) && (when === undefined || String(headers.range).includes(when)),
    );
    const fault = pending[index];
    if (!fault) return undefined;
    if (fault.skip > 0) {
      fault.skip--;
      return undefined;
    }
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times <= 0) pending.splice(index, 1);
    return fault;
  };

  const handle = (request, response, origin) => {
    const url = new URL(request.url, origin);
    if (cors) {
      response.setHeader('Access-Control-Allow-Origin', '*');
      if (options.expose !== false) response.setHeader('Access-Control-Expose-Headers', EXPOSED);
    }
    if (request.method === 'OPTIONS') {
      log.push({ method: 'OPTIONS', path: url.pathname, headers: request.headers, origin });
      response.writeHead(204, {
        'Access-Control-Allow-Headers': 'authorization, content-type',
        'Access-Control-Max-Age': '60',
      });
      return response.end();
    }
    if (url.pathname === '/control') return control(request, response);
    log.push({ method: request.method, path: url.pathname, headers: request.headers, origin });
    // as the Hub answers a token that it does not know, whatever is asked for
    if (options.expired && request.headers.authorization === `Bearer ${options.expired}`) {
      return send(response, 401, { error: 'Invalid credentials in Authorization header' });
    }
    const [, kind, api] = /^\/api\/(models|datasets)\/([^/]+\/[^/]+)\//.exec(url.pathname) ?? [];
    if (api) return answerApi(request, response, url, models.get(kind === 'models' ? api : `datasets/${api}`));
    const path = decodeURIComponent(url.pathname);
    const plain = /^\/(files|storage)\/((?:datasets\/)?[^/]+\/[^/]+)\/(.+)$/.exec(path);
    if (plain) {
      const stored = models.get(plain[2])?.files.get(plain[3]);
      const expired = plain[1] === 'storage' && Number(url.searchParams.get('signature')) <= signed - signature;
      if (expired) return send(response, 403, { error: 'expired' });
      const model = models.get(plain[2]);
      if (plain[1] === 'files' && model?.token && !hasToken(request, model)) return refuse(request, response, model);
      return answerFile(request, response, path, stored);
    }
    const [, id, revision, name] = /^\/((?:datasets\/)?[^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const model = models.get(id);
    const file = model && (revision === 'main' || revision === model.sha) ? model.files.get(name) : undefined;
    if (model?.token && !hasToken(request, model)) return refuse(request, response, model);
    if (!file) return send(response, 404, { error: 'Entry not found' }, { 'X-Error-Code': 'EntryNotFound' });
    response.setHeader('X-Repo-Commit', model.sha);
    if (!redirect || !file.lfs) return answerFile(request, response, path, file);
    const query = `?signature=${++signed}`;
    const to = name.split('/').map(encodeURIComponent).join('/');
    response.writeHead(302, { Location: `${storageUrl}/storage/${id}/${to}${query}` });
    return response.end();
  };

  const control = (request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      if (request.method === 'POST') {
        const { faults, random: seeded, clear } = JSON.parse(Buffer.concat(parts).toString());
        if (faults) pending = faults;
        if (seeded !== undefined) random = seeded ? generator(seeded) : undefined;
        if (clear) log.length = 0;
      }
      send(response, 200, { log, pending });
    });
  };

  const answerApi = (request, response, url, model) => {
    const fault = nextFault(url.pathname, request.headers);
    if (fault && early(fault, request, response)) return undefined;
    if (!model) {
      const status = request.headers.authorization ? 404 : 401;
      return send(response, status, { error: 'no' }, { 'X-Error-Code': 'RepoNotFound' });
    }
    if (model.hidden && !hasToken(request, model)) {
      return send(response, 401, { error: 'no' }, { 'X-Error-Code': 'RepoNotFound' });
    }
    const [, what, revision] = /^\/api\/\w+\/[^/]+\/[^/]+\/(revision|tree)\/([^/]+)/.exec(url.pathname) ?? [];
    const known = ['main', model.sha, ...(model.revisions ?? [])].includes(decodeURIComponent(revision ?? ''));
    if (!known) return send(response, 404, { error: 'no' }, { 'X-Error-Code': 'RevisionNotFound' });
    if (what === 'revision') return send(response, 200, model.info);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const page = model.tree.slice(from, from + pageSize);
    if (from + pageSize < model.tree.length) {
      url.searchParams.set('cursor', String(from + pageSize));
      const host = options.linkOrigin ?? url.origin;
      response.setHeader('Link', `<${host}${url.pathname}${url.search}>; rel="next"`);
    }
    return send(response, 200, page);
  };

  const answerFile = (request, response, path, file) => {
    const fault = nextFault(path, request.headers);
    if (fault && early(fault, request, response)) return undefined;
    if (!file) return send(response, 404, { error: 'Entry not found' });
    const { bytes } = file;
    response.setHeader('ETag', fault?.kind === 'etag' ? '"another"' : `"${file.oid}"`);
    response.setHeader('Accept-Ranges', 'bytes');
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (first === undefined || options.ranges === false || fault?.kind === 'ignore-range') {
      return body(request, response, 200, {}, bytes, fault);
    }
    let start = Number(first);
    let end = last === '' ? bytes.length : Math.min(Number(last) + 1, bytes.length);
    if (start >= bytes.length) return send(response, 416, {}, { 'Content-Range': `bytes */${bytes.length}` });
    if (fault?.kind === 'range') {
      const shift = start > 0 ? -1 : Math.min(1, bytes.length - end);
      [start, end] = [start + shift, end + shift];
      if (shift === 0) end--;
    }
    const total = fault?.kind === 'total' ? bytes.length + 1 : bytes.length;
    const range =
      fault?.kind === 'no-content-range' || options.contentRange === false
        ? {}
        : { 'Content-Range': `bytes ${start}-${end - 1}/${total}` };
    return body(request, response, 206, range, bytes.subarray(start, end), fault);
  };

  /** Faults that come before an answer; true when they were it. */
  const early = (fault, request, response) => {
    const { kind, after = 0 } = fault;
    if (kind === 'hangup') request.socket.destroy();
    else if (kind === 'silence') return true;
    else if (/^\d+$/.test(kind)) {
      const wait = kind === '429' || fault.after !== undefined ? { 'Retry-After': String(after) } : {};
      send(
        response,
        Number(kind),
        { error: kind },
        cors ? { ...wait, 'Access-Control-Expose-Headers': `${EXPOSED},Retry-After` } : wait,
      );
    } else return false;
    return true;
  };

  const servers = [];
  const listen = (handler) =>
    new Promise((resolve, reject) => {
      const server = createServer((request, response) => handler(request, response, server.origin));
      servers.push(server);
      server.on('error', reject);
      server.listen(0, '127.0.0.1', () => {
        server.origin = `http://127.0.0.1:${server.address().port}`;
        resolve(server.origin);
      });
    });
  const storageUrl = await listen(handle);
  const url = await listen(handle);
  return {
    url,
    storageUrl,
    log,
    models,
    setFaults: (faults) => {
      pending = faults.map((fault) => ({ ...fault }));
      random = undefined;
    },
    setRandom: (seeded) => {
      random = seeded && generator(seeded);
    },
    close: () =>
      Promise.all(
        servers.map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve);
              server.closeAllConnections();
            }),
        ),
      ),
  };
}

function hasToken(request, { token }) {
  return request.headers.authorization === `Bearer ${token}`;
}

function refuse(request, response, { gated }) {
  const status = request.headers.authorization ? 403 : 401;
  return send(response, status, { error: 'Access is restricted' }, gated ? { 'X-Error-Code': 'GatedRepo' } : {});
}

function send(response, status, json, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(json));
}

/** Sends bytes, wholly or as a fault has it. */
function body(request, response, status, headers, bytes, fault) {
  const { kind, at = 0.5, ms = 50 } = fault ?? {};
  const cut = Math.floor(bytes.length * at);
  if (request.method === 'HEAD') {
    response.writeHead(status, { ...headers, 'Content-Length': bytes.length });
    return response.end();
  }
  if (kind === 'delay') {
    setTimeout(() => body(request, response, status, headers, bytes), ms);
    return undefined;
  }
  // without a Content-Length node sends in chunks, so that any number of bytes is a complete answer
  const framed = kind === 'truncate' || kind === 'long' ? headers : { ...headers, 'Content-Length': bytes.length };
  response.writeHead(status, { 'Content-Type': 'application/octet-stream', ...framed });
  if (kind === 'drop' || kind === 'stall') {
    response.flushHeaders();
    // what was written must leave before the connection breaks
    response.write(bytes.subarray(0, cut), () => {
      if (kind === 'drop') setTimeout(() => request.socket.destroy(), 1);
    });
    return undefined;
  }
  if (kind === 'truncate') return response.end(bytes.subarray(0, cut));
  if (kind === 'long') return response.end(Buffer.concat([bytes, Buffer.alloc(100)]));
  if (kind === 'flip' && bytes.length) {
    const wrong = Buffer.from(bytes);
    wrong[Math.min(cut, wrong.length - 1)] ^= 1;
    return response.end(wrong);
  }
  return response.end(bytes);
}

/** A fault with probability `rate` for each answer, of the given kinds, the same ones for one seed. */
function generator({ seed, rate = 0.3, kinds = FAULTS, match = '' }) {
  // mulberry32
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return (path) => {
    const [happens, kind, at] = [uniform(), uniform(), uniform()];
    if (happens >= rate || !path.includes(match)) return undefined;
    return { kind: kinds[Math.floor(kind * kinds.length)], at, ms: 5, after: 0 };
  };
}

function readFolder(folder) {
  const found = {};
  if (!folder) return found;
  for (const owner of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, owner))) {
      const root = join(folder, owner, name);
      const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const paths = entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name));
      found[`${owner}/${name}`] = {
        files: Object.fromEntries(paths.map((path) => [relative(root, path).split(sep).join('/'), readFileSync(path)])),
      };
    }
  }
  return found;
}

/** A repository as the API tells of it. */
function listed(id, { files, licence, token, gated = false, hidden = false, revisions, cardData }) {
  const entries = new Map();
  for (const [path, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    // what .gitattributes of the Hub's repositories says
    const lfs = bytes.length > 10 << 20 || /\.(safetensors|bin|gguf|pth|pt|model|parquet)$/.test(path);
    const blob = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    entries.set(path, { bytes, lfs, oid: lfs ? createHash('sha256').update(bytes).digest('hex') : blob });
  }
  const sha = createHash('sha1').update(JSON.stringify([id, ...Array.from(entries, ([path, { oid }]) => [path, oid])]));
  const tree = Array.from(entries, ([path, { bytes, lfs, oid }]) => ({
    type: 'file',
    oid: lfs ? createHash('sha1').update(oid).digest('hex') : oid,
    size: bytes.length,
    path,
    ...(lfs && { lfs: { oid, size: bytes.length, pointerSize: 134 } }),
  }));
  const folders = new Set(
    tree.flatMap(({ path }) => (path.includes('/') ? [path.slice(0, path.lastIndexOf('/'))] : [])),
  );
  for (const path of folders) tree.push({ type: 'directory', oid: '0'.repeat(40), size: 0, path });
  const commit = sha.digest('hex');
  const tags = ['transformers', ...(licence ? [`license:${licence}`] : [])];
  const info = {
    id,
    sha: commit,
    private: hidden,
    gated,
    tags,
    cardData: cardData ?? (licence && { license: licence }),
  };
  return { files: entries, tree, sha: commit, info, token, gated, hidden, revisions };
}
