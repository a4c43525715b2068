import { describe, expect, test } from 'vitest';
import type { GivenFile, RunDetail, StepRecord } from '../../worker/contract';
import { toyRun } from '../../worker/testing/toy-runs';
import { stubLocalStorage } from '../testing/local-storage';
import { formatLayers, parseLayers } from './layer-list';
import { figuresOf, notesOf, overlaid, smoothed, summaryOf, thinned, withRecord } from './run-log';
import { applyEvent } from './run-events';
import { sortGiven } from '../frame/classify-files';
import { initialConfig, parseConfig, presetOf, trainingPresets } from './training-config';
import { fieldGroups, groupsOf } from './training-fields';
import { fits } from './training-form';

stubLocalStorage();

const given = (path: string) => ({ path, file: new File(['x'], path.split('/').at(-1)!) });
const paths = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path);

describe('what was dropped', () => {
  const sort = async (files: readonly (string | GivenFile)[], place: 'chat' | 'fine-tune' = 'chat') => {
    const all = files.map((file) => (typeof file === 'string' ? given(file) : file));
    const isAdapter = async (file: File) => file.name.startsWith('lora');
    const { adapters, datasets, logs, models, templates } = await sortGiven(all, place, isAdapter);
    const sorted = { datasets: paths(datasets), logs: paths(logs), models: paths(models) };
    return { adapters: adapters.map(paths), ...sorted, templates: templates.map(({ name }) => name) };
  };
  const nothing = { adapters: [], datasets: [], logs: [], models: [], templates: [] };

  test('a PEFT folder is an adapter, with its tokenizer and what training left in it', async () => {
    const folder = ['a/adapter_config.json', 'a/adapter_model.bin', 'a/tokenizer.model', 'a/optimizer.pt'];
    expect(await sort(folder)).toEqual({ ...nothing, adapters: [folder] });
  });

  test('checkpoints on the way belong to the adapter, and its log is opened too', async () => {
    const inside = ['a/checkpoint-20/adapter_config.json', 'a/checkpoint-20/trainer_state.json'];
    const folder = ['a/adapter_config.json', 'a/adapter_model.bin', 'a/trainer_state.json', ...inside];
    expect(await sort(folder)).toEqual({ ...nothing, adapters: [folder], logs: ['a/trainer_state.json'] });
  });

  test('an adapter inside of a model’s own folder stays with the model', async () => {
    const folder = ['m/model.safetensors', 'm/config.json', 'm/adapter_config.json'];
    expect(await sort(folder)).toEqual({ ...nothing, models: folder });
  });

  test('a GGUF file is a model, or an adapter where it says so inside', async () => {
    const both = ['x/lora-f16.gguf', 'x/model-q8_0.gguf'];
    expect(await sort(both)).toEqual({ ...nothing, adapters: [['x/lora-f16.gguf']], models: ['x/model-q8_0.gguf'] });
  });

  test('JSON is rows where rows are worked on, and a model’s where weights are beside it', async () => {
    expect(await sort(['rows.json'], 'fine-tune')).toEqual({ ...nothing, datasets: ['rows.json'] });
    expect(await sort(['config.json'])).toEqual({ ...nothing, models: ['config.json'] });
    expect(await sort(['rows.jsonl', 'rows.csv'])).toEqual({ ...nothing, datasets: ['rows.jsonl', 'rows.csv'] });
    const model = ['m/config.json', 'm/model.safetensors'];
    expect(await sort(model, 'fine-tune')).toEqual({ ...nothing, models: model });
  });

  test('a log of training is opened wherever it is dropped', async () => {
    expect(await sort(['trainer_state.json'])).toEqual({ ...nothing, logs: ['trainer_state.json'] });
  });

  test('a template of alpaca-lora’s is one wherever it is dropped, except in a model’s folder', async () => {
    const text = JSON.stringify({
      prompt_input: '{instruction}{input}',
      prompt_no_input: '{instruction}',
      response_split: ':',
    });
    const template = { path: 't/dolly.json', file: new File([text], 'dolly.json') };
    expect(await sort([template])).toEqual({ ...nothing, templates: ['dolly'] });
    expect(await sort([template, 't/rows.json'], 'fine-tune')).toEqual({
      ...nothing,
      templates: ['dolly'],
      datasets: ['t/rows.json'],
    });
    const model = [template, 't/model.safetensors'];
    expect(await sort(model)).toEqual({ ...nothing, models: ['t/dolly.json', 't/model.safetensors'] });
  });
});

describe('layers', () => {
  test('as they are written, there and back', () => {
    expect(parseLayers('4-7, 9')).toEqual([4, 5, 6, 7, 9]);
    expect(parseLayers(' ')).toBeNull();
    expect(parseLayers('7-4')).toBeUndefined();
    expect(parseLayers('4,x')).toBeUndefined();
    expect(formatLayers([4, 5, 6, 7, 9])).toBe('4-7, 9');
    expect(formatLayers(null)).toBe('');
  });
});

describe('settings', () => {
  test('every field of a config can be set', () => {
    const shown = fieldGroups.flatMap(({ fields }) => fields.map(({ key }) => key));
    expect(shown.toSorted()).toEqual(Object.keys(initialConfig).toSorted());
    const split = [...groupsOf(true), ...groupsOf(false)].flatMap(({ fields }) => fields);
    expect(split).toHaveLength(shown.length);
  });

  test('what was stored is believed where it is sound', () => {
    const stored = { ...initialConfig, r: 4, learning_rate: 'fast', target_modules: ['lm_head'], seed: -1 };
    expect(parseConfig(stored)).toEqual({ ...initialConfig, r: 4 });
    expect(parseConfig('nonsense')).toBeUndefined();
  });

  test('a preset is known again, and is none after a change', () => {
    for (const preset of trainingPresets) expect(presetOf(JSON.parse(JSON.stringify(preset.config)))).toBe(preset);
    expect(presetOf({ ...initialConfig, r: 5 })).toBeUndefined();
  });
});

describe('memory', () => {
  test('a trial says more than a limit', () => {
    expect(fits({ parts: [], total: 2, limit: 1 })).toBe(false);
    expect(fits({ parts: [], total: 2, limit: 1, fits: true })).toBe(true);
    expect(fits({ parts: [], total: 2 })).toBe(true);
  });
});

describe('a log', () => {
  const record = (step: number, values: Partial<StepRecord> = {}): StepRecord => ({
    step,
    epoch: 0,
    loss: 1,
    gradNorm: 1,
    learningRate: 1e-3,
    tokens: 100,
    seconds: 0.5,
    ...values,
  });

  test('a resumed run tells again what came after its checkpoint', () => {
    const log = [1, 2, 3, 4].map((step) => record(step));
    expect(withRecord(log, record(5))).toHaveLength(5);
    const again = withRecord(log, record(3, { loss: 9 }));
    expect(again.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(again.at(-1)?.loss).toBe(9);
  });

  test('smoothing begins where the values do, and passes over what is no number', () => {
    expect(smoothed([3, 3, 3], 0.9)).toEqual([3, 3, 3].map((value) => expect.closeTo(value, 10) as number));
    const [first, gap, next] = smoothed([1, Number.NaN, 3], 0.5);
    expect([first, gap]).toEqual([1, 1]);
    expect(next).toBeCloseTo((1 * 0.25 + 3 * 0.5) / 0.75, 10);
    expect(smoothed([1, 3], 0.5)[1]).not.toBeCloseTo(2, 3);
  });

  test('rate and time left come from the latest steps', () => {
    const log = [record(1, { seconds: 100 }), ...Array.from({ length: 20 }, (_, i) => record(i + 2))];
    const { tokensPerSecond, left, skipped } = figuresOf({ log, steps: 31 });
    expect(tokensPerSecond).toBe(200);
    expect(left).toBe(5000);
    expect(skipped).toBe(0);
    expect(figuresOf({ log: [], steps: 5 })).toEqual({ skipped: 0 });
  });

  test('skipped steps and learning by heart are said', () => {
    expect(notesOf({ log: [record(1)], validations: [] })).toEqual([]);
    expect(notesOf({ log: [record(1, { skipped: true })], validations: [] })[0]).toMatch(/^Step 1 was skipped/);
    const still = [record(1), record(2, { gradNorm: 0 }), record(3, { gradNorm: 0 })];
    expect(notesOf({ log: still, validations: [] })[0]).toMatch(/zero in the last 2 steps/);
    expect(notesOf({ log: [...still, record(4)], validations: [] })).toEqual([]);
    const validations = [1, 2, 3, 4].map((step) => ({ step: step * 10, loss: step, best: step === 1 }));
    expect(notesOf({ log: [], validations })[0]).toMatch(/since step 10/);
    expect(notesOf({ log: [], validations: validations.slice(0, 3) })).toEqual([]);
    const worse = [2, 2.1, 2.2, 2.3].map((loss, i) => ({ step: 10 * i, loss, best: i === 1 }));
    expect(notesOf({ log: [], validations: worse })[0]).toMatch(/lower before training: 2.000/);
    expect(notesOf({ log: [], validations: [...worse, { step: 40, loss: 1.9, best: true }] })).toEqual([]);
  });

  test('a sentence, a table that is not too long, and curves over each other', () => {
    const run = toyRun('done');
    expect(summaryOf(run)).toMatch(
      /^Step 120 of 120\. The loss went from \d\.\d+ to 0\.\d+ \(smoothed\)\. The validation loss is/,
    );
    const table = thinned(run.log, 40);
    expect([table.length, table[0].step, table.at(-1)?.step]).toEqual([40, 1, 120]);
    const [steps, one, other] = overlaid([
      [record(1), record(2)],
      [record(2), record(4)],
    ]);
    expect([steps, one, other]).toEqual([
      [1, 2, 4],
      [1, 1, null],
      [null, 1, 1],
    ]);
  });

  test('events make of a run what it is now', () => {
    const before: RunDetail = { ...toyRun('interrupted'), samples: [] };
    const sample = { step: 80, prompt: 'a', base: 'b', adapter: 'c' };
    let run = applyEvent(before, { type: 'sample', runId: before.id, record: sample });
    run = applyEvent(run, { type: 'sample', runId: before.id, record: { ...sample, prompt: 'd' } });
    expect(run.samples).toHaveLength(2);
    run = applyEvent(run, { type: 'sample', runId: before.id, record: { ...sample, adapter: 'again' } });
    expect(run.samples.map(({ adapter }) => adapter)).toEqual(['c', 'again']);
    expect(applyEvent(run, { type: 'checkpoint', runId: before.id, step: 80 }).checkpointStep).toBe(80);
    expect(applyEvent(run, { type: 'step', runId: before.id, record: record(72) }).step).toBe(72);
  });

  test('the time of a run goes on step by step, and never back', () => {
    let run: RunDetail = { ...toyRun('interrupted'), step: 71, seconds: 10 };
    const { request: _, log: __, validations: ___, samples: ____, ...summary } = run;
    const told = [72, 73, 73, 72].map((step) => {
      run = applyEvent(run, { type: 'step', runId: run.id, record: record(step) });
      return run.seconds;
    });
    expect(told).toEqual([10.5, 11, 11, 11]);
    // what a worker that was started again has kept is less, and what it says later is more
    const after = [9, 12].map((seconds) => {
      run = applyEvent(run, { type: 'run', run: { ...summary, state: 'paused', seconds } });
      return run.seconds;
    });
    expect(after).toEqual([11, 12]);
  });
});
