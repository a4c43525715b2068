import { expose } from 'comlink';
import { afterEach, expect, test, vi } from 'vitest';
import type { WorkerContract, WorkerEvent } from './contract';
import { type ClientEvent, createClient } from './client';

type Fake = WorkerContract['session'] & Pick<WorkerContract['models'], 'rename'>;
const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** However slow the machine is. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });

/** A worker that is a message channel: its API answers until it is terminated or told to be silent. */
function fakeWorker(values: Partial<Fake> = {}) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const errors = new Set<() => void>();
  let emit: (event: WorkerEvent) => void = () => {};
  const { rename = async () => {}, ...session } = values;
  const contract = {
    session: {
      async start(onEvent: (event: WorkerEvent) => void) {
        emit = onEvent;
      },
      answer: async () => {},
      ...session,
    },
    models: { list: async () => [], rename },
    generation: { start: async () => {} },
  };
  expose(contract, port1 as never);
  port2.start();
  const worker = {
    postMessage: (message: unknown, transfer: Transferable[]) => port2.postMessage(message, transfer),
    addEventListener: (type: string, listener: () => void) =>
      type === 'error' ? errors.add(listener) : port2.addEventListener(type, listener),
    removeEventListener: (type: string, listener: () => void) => port2.removeEventListener(type, listener),
    terminate: () => port1.close(),
  };
  return {
    worker: worker as unknown as Worker,
    emit: (event: WorkerEvent) => emit(event),
    fail: () => errors.forEach((listener) => listener()),
    silence: () => port1.close(),
  };
}

function clientOf(...fakes: ReturnType<typeof fakeWorker>[]) {
  return clientWith(20, ...fakes);
}

/** @param patience milliseconds until a worker that does not answer is given up */
function clientWith(patience: number, ...fakes: ReturnType<typeof fakeWorker>[]) {
  return clientHeld(patience, undefined, ...fakes);
}

/** @param holding milliseconds that a model may hold a worker */
function clientHeld(patience: number, holding: number | undefined, ...fakes: ReturnType<typeof fakeWorker>[]) {
  const events: ClientEvent[] = [];
  let spawned = 0;
  const client = createClient({
    spawn: () => fakes[spawned++].worker,
    patience,
    ...(holding !== undefined && { holding }),
  });
  client.subscribe((event) => events.push(event));
  const types = () => events.map(({ type }) => type);
  return { client, events, types, spawned: () => spawned };
}

const request = (id: string) => ({ id, modelId: 'm', prompt: {}, sampling: {}, stop: [] }) as never;

test('calls are answered, events come through, and errors carry their codes', async () => {
  const rename = () => Promise.reject(Object.assign(new Error('It is gone.'), { name: 'missing-model' }));
  const fake = fakeWorker({ rename });
  const { client, types } = clientOf(fake);
  await expect(client.models.list()).resolves.toEqual([]);
  await expect(client.models.rename('a', 'b')).rejects.toMatchObject({ name: 'missing-model', message: 'It is gone.' });
  await until(() => expect(types()).toContain('started'));
  fake.emit({ type: 'models', models: [] });
  await until(() => expect(types()).toContain('models'));
});

test('a start that fails is told, with its code', async () => {
  const start = () => Promise.reject(Object.assign(new Error('No WebGPU here.'), { name: 'no-webgpu' }));
  const { events } = clientOf(fakeWorker({ start }));
  await until(() =>
    expect(events).toEqual([{ type: 'start-failed', error: { code: 'no-webgpu', message: 'No WebGPU here.' } }]),
  );
});

test('a restart settles what waited, fails what ran, and drops the old worker’s events', async () => {
  const first = fakeWorker({ rename: () => new Promise(() => {}) });
  const second = fakeWorker();
  const { client, types, events } = clientOf(first, second);
  await until(() => expect(types()).toContain('started'));
  const waiting = expect(client.models.rename('a', 'b')).rejects.toMatchObject({ name: 'worker-died' });
  await client.generation.start(request('g1'));
  await client.generation.start(request('g2'));
  first.emit({ type: 'failed', id: 'g2', error: { code: 'x', message: 'y' } });
  await until(() => expect(types()).toContain('failed'));
  client.restart();
  await waiting;
  const failed = events.filter((event) => event.type === 'failed').map(({ id, error }) => [id, error.code]);
  // what had ended before is not told twice
  expect(failed).toEqual([
    ['g2', 'x'],
    ['g1', 'worker-died'],
  ]);
  expect(types()).toContain('restarted');
  await expect(client.models.list()).resolves.toEqual([]);
});

test('an error in a worker that goes on changes nothing', async () => {
  const fake = fakeWorker();
  const { types, spawned } = clientWith(1000, fake, fakeWorker());
  await until(() => expect(types()).toContain('started'));
  fake.fail();
  await new Promise((settle) => setTimeout(settle, 1100));
  expect(spawned()).toBe(1);
});

test('a worker that died is replaced', async () => {
  const first = fakeWorker();
  const { types, spawned } = clientOf(first, fakeWorker());
  await until(() => expect(types()).toContain('started'));
  first.silence();
  first.fail();
  await until(() => expect(types()).toEqual(['started', 'restarted', 'started']));
  expect(spawned()).toBe(2);
});

test('workers that never start are not replaced for ever', async () => {
  const dead = Array.from({ length: 4 }, () => fakeWorker({ start: () => new Promise(() => {}) }));
  const { events, spawned } = clientOf(...dead);
  const failed = { type: 'start-failed', error: { code: 'worker-died' } };
  for (const [i, each] of dead.slice(0, 3).entries()) {
    each.silence();
    each.fail();
    await until(() => (i < 2 ? expect(spawned()).toBe(i + 2) : expect(events.at(-1)).toMatchObject(failed)));
  }
  await new Promise((settle) => setTimeout(settle, 60));
  expect(spawned()).toBe(3);
});

const silent = () => new Promise<never>(() => {});
const rest = (milliseconds: number) => new Promise((settle) => setTimeout(settle, milliseconds));
const held = (work: number, id = 'bomb') => ({ type: 'held' as const, work, model: { id } });

test('a worker that a model holds is ended, and who waited is told which model it was', async () => {
  const first = fakeWorker({ rename: silent, answer: silent });
  const second = fakeWorker();
  const { client, events, types, spawned } = clientHeld(20, 150, first, second);
  await until(() => expect(types()).toContain('started'));
  first.emit({ type: 'models', models: [{ id: 'bomb', name: 'Bomb 1B' }] as never });
  await until(() => expect(types()).toContain('models'));
  await client.generation.start(request('g1'));
  const waiting = expect(client.models.rename('a', 'b')).rejects.toMatchObject({
    name: 'model-hangs',
    message: expect.stringMatching(/^Bomb 1B did not finish/),
  });
  first.emit(held(1, 'other'));
  first.emit({ type: 'free', work: 1 });
  first.emit(held(2));
  await waiting;
  await until(() => expect(types().at(-1)).toBe('started'));
  expect(events.find(({ type }) => type === 'restarted')).toMatchObject({ hung: { modelId: 'bomb' } });
  expect(events.find(({ type }) => type === 'failed')).toMatchObject({ id: 'g1', error: { code: 'model-hangs' } });
  // what the page does not need to know it is not told
  expect(types()).not.toContain('held');
  await rest(400);
  expect(spawned()).toBe(2);
  await expect(client.models.list()).resolves.toEqual([]);
});

test('a worker that answers may take as long as it likes over a model’s work', async () => {
  const fake = fakeWorker();
  const { types, spawned } = clientHeld(20, 150, fake, fakeWorker());
  await until(() => expect(types()).toContain('started'));
  fake.emit(held(1));
  await rest(800);
  expect(spawned()).toBe(1);
});

test('a worker that is silent over anything else is left alone, also after a model’s work', async () => {
  const fake = fakeWorker({ answer: silent });
  const { types, spawned } = clientHeld(20, 150, fake, fakeWorker());
  await until(() => expect(types()).toContain('started'));
  fake.emit(held(1));
  fake.emit({ type: 'free', work: 1 });
  await rest(800);
  expect(spawned()).toBe(1);
});
