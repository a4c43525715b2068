// A run that dies at any operation, its own or the store's, goes on from its last checkpoint as if it had not died.
import { describe, expect, test } from 'vitest';
import type { LoraTrainer } from '../model/lora-types';
import { dyingAt } from '../storage/testing/dying';
import { memoryStore } from '../storage/memory';
import type { Store } from '../storage/store';
import { type Checkpoint, identityMismatch, packCheckpoint, unpackCheckpoint } from './checkpoint';
import { CheckpointClock } from './checkpoint-clock';
import { DEFAULT_CONFIG, type TrainingConfig } from './config';
import { FRESH, type LoopState } from './loop';
import type { StepRecord } from './records';
import { toyData } from './testing/toy-data';
import { toyTrainer } from './testing/toy-trainer';
import { RunDriver } from './run-driver';
import { RunStore, type StoredRun } from './run-store';

const config: TrainingConfig = {
  ...DEFAULT_CONFIG,
  learning_rate: 0.2,
  warmup_steps: 0,
  max_steps: 6,
  eval_steps: 2,
  save_steps: 1,
};
const data = toyData({ validation: 2 });
const identity = { config, data: 'd', model: 'm' };

interface Run extends StoredRun {
  readonly log: readonly StepRecord[];
}

/** Runs, or goes on with, the run that a store has, as a process that knows nothing else would. */
async function drive(store: Store, trainer: LoraTrainer, onStep: (drive: RunDriver, step: number) => void = () => {}) {
  const runs = new RunStore<Run>(store);
  let run: Run = (await runs.get('r')) ?? { id: 'r', name: 'Run', identity, log: [] };
  let state: LoopState = { ...FRESH };
  if (run.checkpoint) {
    const unpacked = unpackCheckpoint(await runs.load(run));
    state = unpacked.state;
    trainer.restore(unpacked.optimizer);
  }
  const log = run.log.slice(0, state.step);
  const driver: RunDriver = new RunDriver({
    trainer,
    data,
    config,
    state,
    save: async (checkpoint) => {
      run = await runs.save({ ...run, log: [...log] }, checkpoint);
    },
    onEvent: (event) => {
      if (event.type !== 'step') return;
      log.push({ ...event.record, seconds: 0 });
      onStep(driver, event.record.step);
    },
  });
  const end = await driver.run();
  return { end, log, state, parameters: (await trainer.state()).parameters };
}

const died = () => {
  throw new Error('The page is gone');
};

describe('bit for bit', () => {
  test('whatever operation of the device a run dies at', async () => {
    let operations = 0;
    const whole = await drive(memoryStore(), toyTrainer({ dropout: 0.2, before: () => void operations++ }));
    expect([whole.end, whole.log.length]).toEqual(['done', 6]);
    expect(operations).toBeGreaterThan(30);
    for (let at = 0; at < operations; at++) {
      const store = memoryStore();
      let count = 0;
      const dying = toyTrainer({ dropout: 0.2, before: () => (count++ === at ? died() : undefined) });
      await expect(drive(store, dying)).rejects.toThrow('gone');
      expect(await drive(store, toyTrainer({ dropout: 0.2 }))).toEqual(whole);
    }
  });

  test('whatever write of the store it dies at, and no shard is left behind', async () => {
    const whole = await drive(memoryStore(), toyTrainer());
    let finished = 0;
    for (let at = 0; finished === 0; at++) {
      const store = memoryStore();
      // what dies after the record was switched is only the removal of what was before, and nobody is told
      const end = await drive(dyingAt(store, at), toyTrainer()).then(
        () => 'done',
        (error: Error) => error.message,
      );
      expect(await drive(store, toyTrainer())).toEqual(whole);
      const [run] = await new RunStore<Run>(store).list();
      const named = Object.values(run!.checkpoint!.arrays).map(({ key }) => key);
      await new RunStore<Run>(store).sweep();
      expect((await store.shards.keys()).toSorted()).toEqual(named.toSorted());
      if (end === 'done' && at > 60) finished = at;
    }
    expect(finished).toBeGreaterThan(60);
  });

  test('paused, stopped and kept in between', async () => {
    const whole = await drive(memoryStore(), toyTrainer());
    const store = memoryStore();
    const first = await drive(store, toyTrainer(), (driver, step) => step === 2 && driver.end('pause'));
    expect([first.end, first.log.length]).toEqual(['pause', 2]);
    const second = await drive(store, toyTrainer(), (driver, step) => {
      if (step === 4) void driver.checkpoint();
      if (step === 5) driver.end('stop');
    });
    expect([second.end, second.log.length]).toEqual(['stop', 5]);
    expect(await drive(store, toyTrainer())).toEqual(whole);
    // one that is done has nothing left to do, and says so
    expect(await drive(store, toyTrainer())).toEqual(whole);
  });

  test('control: a checkpoint with one bit changed is refused, one with another moment is another run', async () => {
    const whole = await drive(memoryStore(), toyTrainer());
    const store = memoryStore();
    await drive(store, toyTrainer(), (driver, step) => step === 3 && driver.end('pause'));
    const runs = new RunStore<Run>(store);
    const run = (await runs.get('r'))!;
    const checkpoint = await runs.load(run);
    checkpoint.arrays['second'][3] *= 1.01;
    await runs.save(run, checkpoint);
    expect(await drive(store, toyTrainer())).not.toEqual(whole);

    const { key, bytes } = (await runs.get('r'))!.checkpoint!.arrays['first'];
    const source = (await store.shards.get(key))!;
    const damaged = await source.read(0, bytes);
    damaged[5] ^= 1;
    await store.shards.put(key, damaged);
    await expect(drive(store, toyTrainer())).rejects.toMatchObject({ code: 'corrupt-file' });
  });
});

test('a state that is not finite is never kept', async () => {
  const store = memoryStore();
  await drive(store, toyTrainer(), (driver, step) => step === 2 && driver.end('pause'));
  const before = await new RunStore<Run>(store).get('r');
  const trainer = toyTrainer();
  const broken = {
    ...trainer,
    state: async () => {
      const state = await trainer.state();
      if (state.first.some((moment) => moment !== 0)) state.second[1] = Number.NaN;
      return state;
    },
  };
  await expect(drive(store, broken)).rejects.toMatchObject({ code: 'not-finite' });
  expect(await new RunStore<Run>(store).get('r')).toEqual(before);
  expect(await store.shards.keys()).toHaveLength(Object.keys(before!.checkpoint!.arrays).length);
});

test('a run that is removed leaves nothing', async () => {
  const store = memoryStore();
  await drive(store, toyTrainer());
  await new RunStore(store).remove('r');
  expect([await store.shards.keys(), await store.records.keys('trainings')]).toEqual([[], []]);
});

test('what may change between a run and its resumption, and what may not', () => {
  const of = (change: Partial<TrainingConfig>) =>
    identityMismatch(identity, { ...identity, config: { ...config, ...change } });
  expect(of({ max_steps: 100, save_steps: 7, eval_steps: 1, gradient_checkpointing: 2 })).toBeUndefined();
  expect(of({ learning_rate: 0.1 })).toContain('learning_rate was 0.2 and is now 0.1');
  expect(of({ target_modules: ['o_proj'] })).toContain('target_modules');
  expect(identityMismatch(identity, { ...identity, data: 'x' })).toContain('rows');
  expect(identityMismatch(identity, { ...identity, model: 'x' })).toContain('model');
  expect(identityMismatch(identity, { ...identity, start: 'x' })).toContain('adapter');
});

test('packed and unpacked is the same, the best adapter included', async () => {
  const trainer = toyTrainer();
  const pairs = await trainer.pairs();
  const state: LoopState = { ...FRESH, step: 3, best: { step: 2, loss: 1.5, pairs } };
  const packed: Checkpoint = packCheckpoint(state, await trainer.state(), pairs, 'toy');
  expect(unpackCheckpoint(packed)).toEqual({ state, optimizer: await trainer.state(), pairs });
  const { best: _, ...lacking } = packed.arrays;
  expect(() => unpackCheckpoint({ ...packed, arrays: lacking })).toThrow('incomplete');
});

test('checkpoints by time cost at most a twentieth of it', async () => {
  let now = 0;
  const clock = new CheckpointClock(0, 0, () => now);
  let spent = 0;
  for (let step = 1; step <= 10_000; step++) {
    now += 100;
    if (!clock.due(step)) continue;
    await clock.keep(step, async () => {
      now += 3000;
      spent += 3000;
    });
  }
  // but for the first, whose cost nobody knows
  expect(spent - 3000).toBeLessThanOrEqual(0.05 * now);
  expect(spent / now).toBeGreaterThan(0.045);
  const steps = new CheckpointClock(5, 0, () => 0);
  expect([4, 5, 6, 10].filter((step) => steps.due(step))).toEqual([5, 10]);
});
