// A run as a state machine: which states it goes through, whatever happens to it, and that it goes nowhere else.
import { describe, expect, test } from 'vitest';
import { PronkError } from '../core/errors';
import type { Checkpoint } from './checkpoint';
import { DEFAULT_CONFIG, type TrainingConfig } from './config';
import type { LoopEvent, LoopState } from './loop';
import { loraSpec } from './lora-spec';
import type { PreparedData } from './prepare';
import type { PreparedRun } from './prepare-run';
import { checkTransition, type TrainingState } from './run-state';
import { toyData } from './testing/toy-data';
import { toyTrainer } from './testing/toy-trainer';
import { TrainingRun, type TrainingRunDeps } from './training-run';

const config: TrainingConfig = { ...DEFAULT_CONFIG, learning_rate: 0.2, warmup_steps: 0, max_steps: 6, save_steps: 2 };
const prepared: PreparedRun = {
  config,
  data: toyData({ validation: 2 }) as unknown as PreparedData,
  spec: loraSpec(config, { numLayers: 1 }, 16),
  steps: 6,
  start: undefined,
  identity: async () => ({ config, data: 'd', model: 'm' }),
};

/** A run over the toy trainer, the states that it went through, and what it stored. */
function begin(
  change: Partial<TrainingRunDeps> = {},
  onEvent: (event: LoopEvent, run: TrainingRun) => void = () => {},
) {
  const states: TrainingState[] = [];
  const kept: LoopState[] = [];
  const trainers: ReturnType<typeof toyTrainer>[] = [];
  const stored: { checkpoint?: Checkpoint } = {};
  const run: TrainingRun = new TrainingRun({
    prepare: async () => prepared,
    async trainer() {
      const trainer = toyTrainer();
      trainers.push(trainer);
      return trainer;
    },
    checkpoint: async () => stored.checkpoint,
    async save(checkpoint) {
      stored.checkpoint = checkpoint;
    },
    async keep(state, last) {
      await last();
      kept.push({ ...state });
    },
    async onState(state) {
      states.push(state);
    },
    onEvent: (event) => onEvent(event, run),
    ...change,
  });
  return { run, states, kept, stored, trainers, names: () => states.map(({ state }) => state) };
}

const full = () => new PronkError('quota-exceeded', 'There is no room.');
const lost = () => new PronkError('device-lost', 'The device was lost.');
const until = async (is: () => boolean) => {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const OPENED = ['preparing', 'waiting', 'training'] as const;

/** Ends the run at a step. */
const endAt = (at: number, how: 'pause' | 'stop') => (event: LoopEvent, run: TrainingRun) => {
  if (event.type === 'step' && event.record.step === at) void run.end(how);
};

test('from start to end', async () => {
  const { run, names, kept, stored, trainers } = begin();
  expect(run.state).toEqual({ state: 'new' });
  expect(await run.train()).toEqual({ state: 'finished', early: false });
  expect(names()).toEqual([...OPENED, 'storing', 'finished']);
  expect([kept.map(({ step }) => step), stored.checkpoint?.state.step]).toEqual([[6], 6]);
  expect(trainers.every(({ destroyed }) => destroyed)).toBe(true);
});

test('paused, it keeps its checkpoint and no adapter; stopped, its adapter', async () => {
  const paused = begin({}, endAt(3, 'pause'));
  expect(await paused.run.train()).toEqual({ state: 'paused', step: 3 });
  expect([paused.names(), paused.kept, paused.stored.checkpoint?.state.step]).toEqual([
    [...OPENED, 'storing', 'paused'],
    [],
    3,
  ]);
  const stopped = begin({}, endAt(3, 'stop'));
  expect(await stopped.run.train()).toEqual({ state: 'stopped' });
  expect(stopped.kept.map(({ step }) => step)).toEqual([3]);
});

test('ended while it waits for a device: at once, and a trainer that comes late is destroyed', async () => {
  const late = toyTrainer();
  let give = () => {};
  const waits = () =>
    new Promise<typeof late>((resolve) => {
      give = () => resolve(late);
    });
  const paused = begin({ trainer: waits });
  const ended = paused.run.train();
  await until(() => paused.run.state.state === 'waiting');
  void paused.run.end('pause');
  expect(await ended).toEqual({ state: 'paused', step: 0 });
  give();
  await until(() => late.destroyed);
  expect(paused.names()).toEqual(['preparing', 'waiting', 'paused']);

  // what its checkpoint has is kept by a stop
  const before = begin({}, endAt(3, 'pause'));
  await before.run.train();
  const stopped = begin({ trainer: () => new Promise(() => {}), checkpoint: async () => before.stored.checkpoint });
  const end = stopped.run.train();
  await until(() => stopped.run.state.state === 'waiting');
  void stopped.run.end('stop');
  expect(await end).toEqual({ state: 'stopped' });
  expect(stopped.kept.map(({ step }) => step)).toEqual([3]);
});

describe('storage that is full', () => {
  /** Deps whose storage is full for checkpoints of a step and later, until there is room. */
  function filling(from: number) {
    const room = { free: false };
    const world = begin({
      awaitsStorage: true,
      async save(checkpoint) {
        if (checkpoint.state.step >= from && !room.free) throw full();
        world.stored.checkpoint = checkpoint;
      },
    });
    return { ...world, room };
  }

  test('is awaited, and the run goes on from where it was', async () => {
    const { run, names, states, room } = filling(4);
    const ended = run.train();
    await until(() => run.awaitsStorage);
    expect(states.at(-1)).toEqual({ state: 'awaitingStorage', step: 4, reason: 'There is no room.' });
    // a pause changes nothing, and says so
    await run.end('pause');
    expect(run.awaitsStorage).toBe(true);
    room.free = true;
    run.resume();
    expect(await ended).toEqual({ state: 'finished', early: false });
    expect(names()).toEqual([...OPENED, 'awaitingStorage', 'training', 'storing', 'finished']);
  });

  test('ends with a stop or with the page', async () => {
    const stopped = filling(4);
    const ended = stopped.run.train();
    await until(() => stopped.run.awaitsStorage);
    void stopped.run.end('stop');
    expect(await ended).toEqual({ state: 'stopped' });
    expect(stopped.kept.map(({ step }) => step)).toEqual([4]);

    const closed = filling(4);
    const end = closed.run.train();
    await until(() => closed.run.awaitsStorage);
    closed.run.close();
    expect(await end).toEqual({ state: 'closed' });
    expect([closed.kept, closed.stored.checkpoint?.state.step]).toEqual([[], 2]);
  });

  test('for its adapter alone is awaited as well', async () => {
    let room = false;
    const keep = async () => {
      if (!room) throw full();
    };
    const { run, names } = begin({ keep, awaitsStorage: true });
    const ended = run.train();
    await until(() => run.awaitsStorage);
    room = true;
    run.resume();
    expect(await ended).toEqual({ state: 'finished', early: false });
    expect(names().slice(3)).toEqual(['storing', 'awaitingStorage', 'training', 'storing', 'finished']);
  });

  test('fails a run that does not wait', async () => {
    const { run, names } = begin({ save: () => Promise.reject(full()) });
    expect(await run.train()).toMatchObject({ state: 'failed', error: { code: 'quota-exceeded' } });
    expect(names()).toEqual([...OPENED, 'failed']);
  });
});

describe('a lost device', () => {
  test('leads back to the checkpoint, as often as there is another one', async () => {
    let forgotten = 0;
    let left = 3;
    const { run, names } = begin({ forgetDevice: () => void forgotten++ }, (event) => {
      if (event.type === 'step' && event.record.step % 2 === 1 && left-- > 0) throw lost();
    });
    expect(await run.train()).toEqual({ state: 'finished', early: false });
    expect([names(), forgotten]).toEqual([[...OPENED, ...OPENED, ...OPENED, ...OPENED, 'storing', 'finished'], 3]);
  });

  test('that is lost again and again ends the run', async () => {
    const { run, names } = begin({ forgetDevice: () => {}, trainer: () => Promise.reject(lost()) });
    expect(await run.train()).toMatchObject({ state: 'failed', error: { code: 'device-lost' } });
    expect(names()).toEqual([...Array.from({ length: 5 }, () => ['preparing', 'waiting']).flat(), 'failed']);
  });

  test('ends a run that opens no other one', async () => {
    const { run } = begin({ trainer: () => Promise.reject(lost()) });
    expect(await run.train()).toMatchObject({ state: 'failed', error: { code: 'device-lost' } });
  });
});

test('a state that cannot be written down fails the run; a failure that cannot be is one all the same', async () => {
  const { run } = begin({ onState: () => Promise.reject(new Error('The store is gone')) });
  expect(await run.train()).toMatchObject({ state: 'failed', error: { message: 'The store is gone' } });
});

test('a run has one start, and goes nowhere from its end', async () => {
  const { run } = begin();
  await run.train();
  expect(await run.train()).toEqual({ state: 'finished', early: false });
  for (const end of ['finished', 'stopped', 'paused', 'closed', 'failed'] as const) {
    expect(() => checkTransition(end, 'preparing')).toThrow(RangeError);
    expect(() => checkTransition(end, 'failed')).toThrow(RangeError);
  }
  for (const [from, to] of [
    ['new', 'training'],
    ['preparing', 'training'],
    ['training', 'finished'],
    ['waiting', 'awaitingStorage'],
    ['awaitingStorage', 'paused'],
  ] as const) {
    expect(() => checkTransition(from, to)).toThrow(`A run that is ${from} cannot become ${to}`);
  }
});
