// Models read where they lie, on a server that drops, truncates and lies.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Fault, startServer, type TestServer } from '../../hub/testing/server.mjs';
import { memoryStore } from '../../storage/memory';
import { openStoredModel } from '../../storage/stored-model';
import { Imports } from './index';
import { TALES, TALES_FILES } from '../../testing/fixtures';

const SIZES = { batchBytes: 20_000, shardBytes: 50_000, smallBytes: 0 };

describe('a model from a server', () => {
  let server: TestServer;
  afterEach(async () => void (await server.close()));

  async function serve(
    options: { faults?: readonly Fault[]; token?: string; expired?: string; pad?: number; fetch?: typeof fetch } = {},
  ) {
    const { faults, token, expired, pad = 0, ...more } = options;
    const files = Object.fromEntries(
      TALES_FILES.map((name) => [name, new Uint8Array(readFileSync(`${TALES}/${name}`))]),
    );
    // beyond the size at which a file is verified whole before it is used
    const large = pad ? { ...files, 'model.safetensors': padded(files['model.safetensors'], pad) } : files;
    server = await startServer({
      repositories: { 'someone/tiny': { files: large, licence: 'mit', ...(token && { token, gated: 'auto' }) } },
      ...(faults && { faults }),
      ...(expired && { expired }),
    });
    const store = memoryStore();
    return { store, imports: new Imports({ store, endpoint: server.url, ...more }) };
  }

  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      (error: { code?: string; message: string }) => error.code ?? error.message,
    );

  test('is planned and imported without a download beside it', async () => {
    const { store, imports } = await serve({
      faults: [
        { kind: 'drop', match: 'safetensors', times: 1 },
        { kind: 'truncate', match: 'safetensors', times: 1 },
      ],
    });
    const plan = await imports.plan('a', { kind: 'hub', address: 'someone/tiny' });
    expect(plan).toMatchObject({ name: 'tiny', download: true, model: { layers: 5, licence: 'mit' } });
    const manifest = await imports.start('a', { quantize: 'q8' }, undefined, SIZES);
    expect(manifest.source).toMatch(/^someone\/tiny@[0-9a-f]{40}$/);
    expect(manifest.licence).toBe('mit');
    expect((await openStoredModel(store, 'a')).tokenizer.bosId).toBe(1);
  });

  test('a plan that is cancelled asks no more, and is not known', async () => {
    const { imports } = await serve({ faults: [{ kind: 'silence', times: 99 }] });
    const plan = imports.plan('a', {
      kind: 'hub',
      address: 'someone/tiny',
      tokens: [{ endpoint: server.url, value: 'hf_secret' }],
    });
    const outcome = code(plan);
    await vi.waitUntil(() => server.log.length > 0);
    await imports.cancel('a');
    expect(await outcome).toMatch(/cancelled/);
    expect(() => imports.planned('a')).toThrow();
  });

  test('needs a token where it is gated', async () => {
    const { store, imports } = await serve({ token: 'hf_secret' });
    expect(await code(imports.plan('a', { kind: 'hub', address: 'someone/tiny' }))).toBe('gated');
    await imports.plan('a', {
      kind: 'hub',
      address: 'someone/tiny',
      tokens: [{ endpoint: server.url, value: 'hf_secret' }],
    });
    await imports.start('a', { quantize: 'q8' });
    expect(JSON.stringify([await store.records.get('models', 'a'), await store.records.keys('imports')])).not.toContain(
      'hf_secret',
    );
  });

  test('an expired token is said to be one, and a public model comes without it', async () => {
    const { imports } = await serve({ expired: 'hf_old' });
    const tokens = [{ endpoint: server.url, value: 'hf_old' }];
    const plan = await imports.plan('a', { kind: 'hub', address: 'someone/tiny', tokens });
    expect(plan.notes).toEqual([
      expect.stringMatching(/does not accept the access token: it has expired.*without it\./),
    ]);
    await imports.start('a', { quantize: 'q8' });
    const sent = server.log.filter(({ headers }) => headers['authorization'] !== undefined);
    expect(sent).toHaveLength(1);
    // negative control: nothing is said where none was given
    expect((await imports.plan('b', { kind: 'hub', address: 'someone/tiny' })).notes).toBeUndefined();
  });

  test('without a network a look-up and a resume end within seconds, each saying what is safe', async () => {
    let online = true;
    const net: typeof fetch = async (...request) => {
      if (online) return fetch(...request);
      throw new TypeError('Failed to fetch');
    };
    const { store, imports } = await serve({ fetch: net });
    await imports.plan('a', { kind: 'hub', address: 'someone/tiny' });
    const pause = () => imports.pause('a');
    expect(await code(imports.start('a', { quantize: 'q8' }, pause, SIZES))).toBe('paused');
    online = false;
    const before = performance.now();
    await expect(imports.plan('b', { kind: 'hub', address: 'someone/tiny' })).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/^The model someone\/tiny could not be read.*Nothing was changed here\./),
    });
    await expect(imports.resume('a')).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('What was imported so far is kept'),
    });
    expect(performance.now() - before).toBeLessThan(6000);
    online = true;
    await imports.resume('a');
    expect(await store.records.keys('models')).toEqual(['a']);
  });

  test('a server that asks to wait is waited for, and the plan says so meanwhile', async () => {
    const { imports } = await serve({ faults: [{ kind: '429', match: '/revision/', after: 2 }] });
    const told: string[] = [];
    await imports.plan('a', { kind: 'hub', address: 'someone/tiny' }, (stage) => told.push(stage));
    const { host } = new URL(server.url);
    expect(told[0]).toBe(`Waiting 2 s, as ${host} asks`);
    // a wait of minutes is the person's to decide on
    server.setFaults([{ kind: '429', match: '/revision/', after: 120 }]);
    await expect(imports.plan('b', { kind: 'hub', address: 'someone/tiny' })).rejects.toMatchObject({
      message: expect.stringContaining('It asks to wait 2 minutes. Nothing was changed here. Try again later.'),
    });
  });

  test('an import waits as long as it is asked to, says so, and goes on', async () => {
    const { store, imports } = await serve({ pad: 40 << 20 });
    await imports.plan('a', { kind: 'hub', address: 'someone/tiny' });
    server.setFaults([{ kind: '429', match: 'safetensors', after: 3 }]);
    const stages = new Set<string>();
    await imports.start('a', { quantize: 'q8' }, (stage) => stages.add(stage), SIZES);
    const { host } = new URL(server.storageUrl);
    expect([...stages].filter((stage) => stage.startsWith('Waiting'))).toContain(`Waiting 3 s, as ${host} asks`);
    expect(await store.records.keys('models')).toEqual(['a']);
  });

  test('goes on after a pause, at the same commit, asking for no files', { timeout: 60_000 }, async () => {
    const { store, imports } = await serve({ pad: 40 << 20 });
    await imports.plan('a', { kind: 'hub', address: 'someone/tiny' });
    let batches = 0;
    const pause = () => void (++batches === 30 && imports.pause('a'));
    expect(await code(imports.start('a', { quantize: 'q8' }, pause, SIZES))).toBe('paused');
    const next = new Imports({ store, endpoint: server.url });
    expect(await next.pending()).toMatchObject([{ id: 'a', needs: 'nothing', files: [] }]);
    await next.resume('a', {}, undefined, SIZES);
    expect(await store.records.keys('models')).toEqual(['a']);
  });

  test('lies are found by the published checksum, and nothing is kept', { timeout: 60_000 }, async () => {
    const lie = { kind: 'flip', match: 'safetensors', skip: 4, times: 1, at: 0.5 } as const;
    const { store, imports } = await serve({ pad: 40 << 20, faults: [lie] });
    await imports.plan('a', { kind: 'hub', address: 'someone/tiny' });
    const outcome = await code(imports.start('a', { quantize: 'q8' }, undefined, SIZES));
    expect(['hash-mismatch', 'nan-weights']).toContain(outcome);
    expect(await store.shards.keys()).toEqual([]);
    expect(await store.records.keys('imports')).toEqual([]);
  });
});

describe('a folder on any server', () => {
  const servers: TestServer[] = [];
  afterEach(async () => void (await Promise.all(servers.splice(0).map((server) => server.close()))));
  const FOLDER_URL = 'http://models.test/files/someone/tiny/?key=geheim';

  /** The folder as it is now: what stands at the address may be replaced. */
  async function at(change: (weights: Uint8Array) => void = () => {}) {
    const files = Object.fromEntries(
      TALES_FILES.map((name) => [name, new Uint8Array(readFileSync(`${TALES}/${name}`))]),
    );
    change(files['model.safetensors']);
    const server = await startServer({ repositories: { 'someone/tiny': { files } } });
    servers.push(server);
    return (input: string | URL | Request, init?: RequestInit) =>
      fetch(String(input).replace('http://models.test', server.url), init);
  }

  async function pausedThere() {
    const store = memoryStore();
    const imports = new Imports({ store, fetch: await at() });
    await imports.plan('a', { kind: 'hub', address: FOLDER_URL });
    let batches = 0;
    const pause = () => void (++batches === 20 && imports.pause('a'));
    await expect(imports.start('a', { quantize: 'q8' }, pause, SIZES)).rejects.toMatchObject({ code: 'paused' });
    return store;
  }

  test('goes on; the key in its address is not shown with the model', async () => {
    const store = await pausedThere();
    await new Imports({ store, fetch: await at() }).resume('a', {}, undefined, SIZES);
    const manifest = JSON.stringify(await store.records.get('models', 'a'));
    expect(manifest).toContain('http://models.test/files/someone/tiny/');
    expect(manifest).not.toContain('geheim');
  });

  test('that holds other files by now does not make a mixture', async () => {
    const store = await pausedThere();
    const other = await at((weights) => weights.subarray(-500_000).fill(1));
    const next = new Imports({ store, fetch: other });
    await expect(next.resume('a', {}, undefined, SIZES)).rejects.toMatchObject({ code: 'changed-file' });
    expect(await store.records.keys('models')).toEqual([]);
    await next.cancel('a');
    expect(await store.shards.keys()).toEqual([]);
  });
});

/** A safetensors file with one more tensor, which no model asks for. */
function padded(file: Uint8Array, bytes: number): Uint8Array {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))) as Record<string, unknown>;
  const end = file.length - 8 - length;
  header['padding'] = { dtype: 'U8', shape: [bytes], data_offsets: [end, end + bytes] };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const result = new Uint8Array(8 + json.length + end + bytes);
  new DataView(result.buffer).setBigUint64(0, BigInt(json.length), true);
  result.set(json, 8);
  result.set(file.subarray(8 + length), 8 + json.length);
  return result;
}
