import { createRoot } from 'solid-js';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { bytesSource, type Source } from '../../core/source';
import { encryptedFiles, jsonSource } from '../../formats/testing/containers';
import { startServer, type TestServer } from '../../hub/testing/server.mjs';
import { toyFile } from '../../worker/testing/toy-model';
import { stubLocalStorage } from '../testing/local-storage';
import { createToy } from '../../worker/testing/toy-client';
import { createEngineState } from '../shared/engine-state';
import { chosenOf } from './imports';
import { createLibrary } from './library';
import { createNotices } from '../shared/notices';

const storage = stubLocalStorage();

const fileOf = async (source: Source) => new File([await source.read(0, source.size)], source.name);
const sourceOf = async (file: File) => bytesSource(new Uint8Array(await file.arrayBuffer()), file.name);

/** One bit is wrong near the end. */
async function damaged(file: File): Promise<File> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  bytes[bytes.length - 9] ^= 1;
  return new File([bytes], file.name);
}

const models = await Promise.all(['a', 'b', 'left', 'stories'].map((name) => toyFile(`${name}.gguf`)));
const [key, ...encrypted] = await Promise.all(
  (
    await encryptedFiles([
      jsonSource({}, 'a.json'),
      jsonSource({}, 'config.json'),
      await sourceOf(await toyFile('x.gguf')),
    ])
  ).map(fileOf),
);
const files = [...models, ...encrypted, key!];

/** A file as it is given, found by how its name begins. */
function given(path: string) {
  const file = files.find(({ name }) => name.startsWith(path));
  if (!file) throw new Error(`There is no ${path} here.`);
  return { path: file.name, file };
}

const HUB = 'https://huggingface.co';
/** Stands in for the Hub. */
let server: TestServer;
const { fetch } = globalThis;
beforeAll(async () => {
  const model = new Uint8Array(await (await toyFile('model.gguf')).arrayBuffer());
  server = await startServer({
    redirect: false,
    repositories: { 'gated/model': { files: { 'model.gguf': model }, token: 'hf_secret', gated: 'auto' } },
  });
});
beforeEach(() => {
  vi.stubGlobal('fetch', (url: string | URL, init?: RequestInit) => fetch(String(url).replace(HUB, server.url), init));
});
afterAll(() => server.close());
let dispose = () => {};
afterEach(() => {
  dispose();
});

function page(options: Parameters<typeof createToy>[0] = {}) {
  const fake = createToy({ delay: 0, load: 0, slow: 200, ...options });
  return createRoot((end) => {
    dispose = end;
    const notices = createNotices();
    const engine = createEngineState(fake, notices);
    const library = createLibrary(engine, notices);
    return { fake, notices, engine, library, imports: library.imports };
  });
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });
const states = ({ tasks }: ReturnType<typeof page>['imports']) => tasks.map(({ state }) => state);

test('a file is planned, and nothing more; Start makes a model of it with what was chosen', async () => {
  const { imports, engine, notices, fake } = page();
  const start = vi.spyOn(fake.imports, 'start');
  imports.add([given('stories.gguf')]);
  await until(() => expect(states(imports)).toEqual(['planned']));
  expect(chosenOf(imports.tasks[0])).toBe('q8');
  expect(start).not.toHaveBeenCalled();
  const { id } = imports.tasks[0];
  imports.choose(id, { quantize: 'keep', context: 256, newName: ' Tales ' });
  imports.start(id);
  await until(() => expect(imports.tasks).toHaveLength(0));
  expect(start).toHaveBeenCalledWith(id, { quantize: 'keep', name: 'Tales' });
  await until(() => expect(engine.models().map(({ name }) => name)).toContain('Tales'));
  expect(engine.contextOf(id)).toBe(256);
  expect(notices.list().at(-1)?.text).toBe('Tales is ready.');
});

test('imports are stored one after the other', async () => {
  const { imports } = page();
  imports.add([given('a.gguf'), given('b.gguf')]);
  await until(() => expect(states(imports)).toEqual(['planned', 'planned']));
  for (const { id } of imports.tasks) imports.start(id);
  await until(() => expect(states(imports).toSorted()).toEqual(['running', 'waiting']));
  await until(() => expect(imports.tasks).toHaveLength(0));
});

test.each([
  [['a.json'], ['consolidated.00.pth'], ['config.json']],
  [['consolidated.00.pth'], ['config.json', 'a.json']],
])('encrypted files and their key are one task, in whatever order they come', async (...drops) => {
  const { imports } = page();
  // the later ones come while the first are looked at
  for (const paths of drops) imports.add(paths.map(given));
  await until(() => expect(imports.tasks[0]?.plan?.patch?.key).toBeDefined());
  await until(() => expect(states(imports)).toEqual(['planned']));
  const present = imports.tasks[0].plan?.patch?.files.filter(({ state }) => state === 'present');
  expect(present?.map(({ name }) => name).toSorted()).toEqual(['a.json', 'config.json']);
});

test('files are added to the task that asks for them', async () => {
  const { imports } = page();
  imports.add([given('config.json')]);
  await until(() => expect(states(imports)).toEqual(['planned']));
  expect(imports.tasks[0].plan?.patch?.key).toBeUndefined();
  imports.addTo(imports.tasks[0].id, [{ path: 'whatever.pth', file: key! }]);
  await until(() => expect(imports.tasks[0].plan?.patch?.key?.name).toBe('whatever.pth'));
  expect(imports.tasks).toHaveLength(1);
  imports.addTo('nobody', [given('consolidated')]);
  expect(imports.tasks).toHaveLength(1);
});

test('a paused import rests with what it did, and goes on with the files that are still at hand', async () => {
  const { imports, fake } = page({ slow: 600 });
  const resume = vi.spyOn(fake.imports, 'resume');
  imports.add([given('stories.gguf')]);
  await until(() => expect(states(imports)).toEqual(['planned']));
  const { id } = imports.tasks[0];
  imports.start(id);
  await until(() => expect(imports.tasks[0].work?.done).toBeGreaterThan(0));
  imports.pause(id);
  await until(() => expect(states(imports)).toEqual(['paused']));
  expect(imports.tasks[0].error).toBeUndefined();
  imports.resume(id);
  await until(() => expect(imports.tasks).toHaveLength(0));
  expect(resume.mock.calls[0][1]).toMatchObject([{ path: 'stories.gguf' }]);
});

test('an import that an earlier visit left goes on when the same files come, and not with others', async () => {
  const { imports } = page({ pending: true });
  await until(() => expect(states(imports)).toEqual(['paused']));
  expect(imports.tasks[0]).toMatchObject({ id: 'left', held: false });
  const same = given('left.gguf');
  imports.add([{ ...same, file: new File(['1'], 'x') }]);
  await until(() => expect(imports.tasks).toHaveLength(2));
  imports.add([same]);
  await until(() => expect(imports.tasks.find(({ id }) => id === 'left')?.state).not.toBe('paused'));
  await until(() => expect(imports.tasks).toHaveLength(1));
});

test('a damaged file is said to be, and dismissed', async () => {
  const { imports } = page();
  const broken = await damaged(given('x.gguf').file);
  imports.add([given('consolidated'), { path: broken.name, file: broken }]);
  await until(() => expect(states(imports)).toEqual(['planned']));
  imports.start(imports.tasks[0].id);
  await until(() => expect(imports.tasks[0].error?.message).toMatch(/is not what its publisher made/));
  expect(states(imports)).toEqual(['failed']);
  imports.cancel(imports.tasks[0].id);
  expect(imports.tasks).toHaveLength(0);
});

test('a cancelled import leaves nothing, and the next one has its turn', async () => {
  const { imports, engine } = page({ slow: 400 });
  imports.add([given('a.gguf'), given('b.gguf')]);
  await until(() => expect(states(imports)).toEqual(['planned', 'planned']));
  const [b, a] = imports.tasks.map(({ id }) => id);
  imports.start(a);
  imports.start(b);
  await until(() => expect(imports.tasks.find(({ id }) => id === a)?.state).toBe('running'));
  imports.cancel(a);
  await until(() => expect(imports.tasks).toHaveLength(0));
  expect(engine.models().map(({ name }) => name)).toEqual(expect.not.arrayContaining(['a']));
  expect(engine.models().map(({ name }) => name)).toContain('b');
});

test('a gated model asks for a token, which is kept only where that is wanted', async () => {
  const { library } = page();
  const look = () => {
    const tokens = library.hub.tokens();
    return library.imports.look({ kind: 'hub', address: 'gated/model', tokens }, 'gated/model');
  };
  expect(await look()).toMatchObject({ code: 'gated' });
  expect(library.imports.tasks).toHaveLength(0);
  library.hub.setToken(HUB, ' hf_secret ', false);
  expect(await look()).toBe('planned');
  expect(library.imports.tasks[0]).toMatchObject({ state: 'planned', name: 'model' });
  expect([...storage.values()].join('')).not.toContain('hf_secret');
  library.hub.setToken(HUB, 'hf_secret', true);
  library.hub.setToken('http://127.0.0.1:8080', 'other', false);
  expect(storage.get('pronk.hub-token')).toBe('{"https://huggingface.co":"hf_secret"}');
  library.hub.forgetToken(HUB);
  expect(storage.has('pronk.hub-token')).toBe(false);
  expect(library.hub.tokens()).toMatchObject([{ value: 'other' }]);
});

test('a token that an earlier version kept is the Hub’s', () => {
  storage.set('pronk.hub-token', '"hf_old"');
  expect(page().library.hub.tokens()).toEqual([{ endpoint: HUB, value: 'hf_old', kept: true }]);
  dispose();
  storage.set('pronk.hub-token', '{"https://example.org":"x","https://broken":7}');
  expect(page().library.hub.tokens()).toEqual([{ endpoint: 'https://example.org', value: 'x', kept: true }]);
});

test('looking is cancelled at once, by the id of the latest task', async () => {
  const { library } = page();
  const looked = library.imports.look({ kind: 'hub', address: 'owner/model' }, 'owner/model');
  library.imports.cancel(library.imports.latest()!);
  expect(await looked).toBe('cancelled');
  expect(library.imports.tasks).toHaveLength(0);
});

test('work on a model tells its progress and its end', async () => {
  const { library, engine } = page();
  await until(() => expect(engine.models()).toHaveLength(2));
  const [model] = engine.models();
  library.measure(model);
  expect(library.jobs.find('quality', model.id)?.state).toBe('running');
  await until(() => expect(library.jobs.find('quality', model.id)?.state).toBe('done'));
  expect(library.jobs.find('quality', model.id)?.result).toBe('Perplexity 9.217 on 1,023 tokens.');
  library.jobs.forget('quality', model.id);
  expect(library.jobs.find('quality', model.id)).toBeUndefined();
});

test('a context that was chosen is loaded, now and later', async () => {
  const { engine, fake } = page();
  const load = vi.spyOn(fake.models, 'load');
  await until(() => expect(engine.ready()).toBe(true));
  engine.setContext('bundled', 256);
  await until(() => expect(engine.loadedContext()).toBe(256));
  expect(load).toHaveBeenLastCalledWith('bundled', { precision: 'automatic', context: 256 });
  engine.use('open');
  await until(() => expect(load).toHaveBeenLastCalledWith('open', { precision: 'automatic' }));
});

test('a precision that was chosen is loaded, now and later, and Automatic is asked for by name', async () => {
  const { engine, fake } = page();
  const load = vi.spyOn(fake.models, 'load');
  await until(() => expect(engine.ready()).toBe(true));
  engine.setPrecision('bundled', 'int8');
  expect(load).toHaveBeenLastCalledWith('bundled', { precision: 'int8' });
  await until(() => expect(engine.ready()).toBe(true));
  load.mockClear();
  engine.setPrecision('bundled', 'int8');
  engine.setPrecision('open', 'exact');
  expect(load).not.toHaveBeenCalled();
  engine.setPrecision('bundled', 'automatic');
  expect(load).toHaveBeenLastCalledWith('bundled', { precision: 'automatic' });
  engine.use('open');
  await until(() => expect(load).toHaveBeenLastCalledWith('open', { precision: 'exact' }));
});
