import { createRoot } from 'solid-js';
import { afterEach, expect, test, vi } from 'vitest';
import { createToy } from '../../worker/testing/toy-client';
import { stubLocalStorage } from '../testing/local-storage';
import { createAdapters } from '../library/adapters';
import { createChats } from '../chat/chats';
import { createEngineState } from '../shared/engine-state';
import { createLibrary } from '../library/library';
import { createNotices } from '../shared/notices';
import { createSettings } from '../settings/settings';
import { createTemplates } from '../instruct/templates';
import { createTraining } from './training';
import { trainingPresets } from './training-config';

const storage = stubLocalStorage();
let dispose = () => {};
afterEach(() => {
  dispose();
});

function page(fake = createToy({ delay: 0, load: 0, step: 2, trained: true })) {
  return createRoot((end) => {
    dispose = end;
    const notices = createNotices();
    const templates = createTemplates(() => fake.prompts.templates());
    const engine = createEngineState(fake, notices);
    const { jobs } = createLibrary(engine, notices);
    const adapters = createAdapters(fake, engine, jobs, notices);
    const chats = createChats(engine, createSettings(), notices, { adapters: adapters.named });
    return {
      fake,
      notices,
      engine,
      templates,
      adapters,
      chats,
      ...createTraining(fake, { engine, notices, templates }),
    };
  });
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000 });
const file = (rows: unknown, name = 'rows.json') => new File([JSON.stringify(rows)], name);
const output = (row: unknown) => (row as { output: string }).output;

async function withRows() {
  const made = page();
  await until(() => expect(made.datasets.rows.count()).toBe(24));
  await until(() => expect(made.datasets.rows.row(0)).toBeDefined());
  return made;
}

test('an edit is stored by itself, as one change for many letters', async () => {
  const { datasets, fake } = await withRows();
  const store = vi.spyOn(fake.datasets, 'edit');
  const row = datasets.rows.row(0)!;
  for (const text of ['H', 'Hu', 'Hum']) datasets.rows.change(0, { ...row, output: text } as typeof row);
  await until(() => expect(store).toHaveBeenCalledTimes(1));
  const [stored] = await fake.datasets.rows(datasets.chosen()!.id, 0, 1);
  expect(output(stored)).toBe('Hum');
  datasets.rows.undo();
  await datasets.rows.flush();
  expect(await fake.datasets.rows(datasets.chosen()!.id, 0, 1)).toEqual([row]);
  datasets.rows.redo();
  await datasets.rows.flush();
  expect(output((await fake.datasets.rows(datasets.chosen()!.id, 0, 1))[0])).toBe('Hum');
});

test('rows are added and deleted, and come back', async () => {
  const { datasets, fake } = await withRows();
  const { rows } = datasets;
  const id = datasets.chosen()!.id;
  const before = await fake.datasets.rows(id, 0, 99);
  rows.select(3);
  rows.add();
  expect([rows.count(), rows.selected()]).toEqual([25, 4]);
  rows.remove(0);
  await rows.flush();
  expect(rows.count()).toBe(24);
  rows.undo();
  rows.undo();
  await rows.flush();
  expect(await fake.datasets.rows(id, 0, 99)).toEqual(before);
  expect(rows.canUndo()).toBe(false);
});

test('letters that a closing page could not store are stored at the next visit', async () => {
  const { datasets, fake } = await withRows();
  const id = datasets.chosen()!.id;
  storage.set('pronk.unsaved-row', JSON.stringify({ id, at: 2, row: { kind: 'text', text: 'typed last' } }));
  dispose();
  // the worker is slow, and dies once before it has stored
  const { edit } = fake.datasets;
  const slow = vi.spyOn(fake.datasets, 'edit').mockImplementation(() => new Promise(() => {}));
  page(fake);
  await until(() => expect(slow).toHaveBeenCalled());
  expect(storage.has('pronk.unsaved-row')).toBe(true);
  dispose();
  slow.mockImplementation((...args) => new Promise((settle) => setTimeout(() => settle(edit(...args)), 100)));
  const { datasets: again } = page(fake);
  await until(() => expect(again.rows.row(2)).toEqual({ kind: 'text', text: 'typed last' }));
  expect(await fake.datasets.rows(id, 2, 3)).toEqual([{ kind: 'text', text: 'typed last' }]);
  await until(() => expect(storage.has('pronk.unsaved-row')).toBe(false));
});

test('a deleted dataset comes back with all of its rows', async () => {
  const { datasets, notices, fake } = await withRows();
  const before = await fake.datasets.rows(datasets.chosen()!.id, 0, 99);
  datasets.remove(datasets.chosen()!.id);
  await until(() => expect(datasets.list()).toHaveLength(0));
  notices.list().at(-1)?.action?.run();
  await until(() => expect(datasets.rows.count()).toBe(24));
  expect(await fake.datasets.rows(datasets.chosen()!.id, 0, 99)).toEqual(before);
});

test('columns that say nothing are asked about, and bad rows are told by their number', async () => {
  const { datasets } = await withRows();
  await datasets.add(new File(['frage,antwort\na,b\n'], 'rows.csv'));
  expect(datasets.unknown()?.columns).toEqual(['frage', 'antwort']);
  await datasets.map({ instruction: 'frage', output: 'antwort' });
  expect(datasets.unknown()).toBeUndefined();
  await until(() => expect(datasets.rows.row(0)).toMatchObject({ instruction: 'a', output: 'b' }));
  await datasets.add(file([{ instruction: 'x' }]));
  expect(datasets.problem()?.message).toMatch(/^Row 1/);
});

test('the plan follows settings and rows; settings that fit are offered and can be taken back', async () => {
  const { form, notices, fake } = await withRows();
  vi.spyOn(fake.runs, 'measure').mockResolvedValue({ secondsPerStep: 0.002 });
  await until(() => expect(form.plan.value()?.memory.fits).toBe(true));
  form.set({ cutoff_len: 4096, per_device_train_batch_size: 8, gradient_checkpointing: false });
  await until(() => expect(form.plan.value()?.memory.fits).toBe(false));
  form.fix(form.plan.value()!.warnings[0].fix!);
  await until(() => expect(form.plan.value()?.memory.fits).toBe(true));
  expect(form.config().gradient_checkpointing).toBe(true);
  notices.list().at(-1)?.action?.run();
  expect(form.config()).toMatchObject({ cutoff_len: 4096, per_device_train_batch_size: 8 });
  form.set({ cutoff_len: 256 });
  expect(form.estimate.secondsPerStep()).toBeUndefined();
  form.estimate.measure();
  await until(() => expect(form.estimate.secondsPerStep()).toBe(0.002));
  form.set({ cutoff_len: 128 });
  expect(form.estimate.secondsPerStep()).toBeUndefined();
});

test('a plan is of the rows that are chosen, never of those before', async () => {
  const { form, datasets, fake } = await withRows();
  await until(() => expect(form.plan.value()?.rows).toBe(21));
  const asked = vi.spyOn(fake.runs, 'plan');
  const before = datasets.chosen()!.id;
  await datasets.add(file([{ instruction: 'a', output: 'b' }], 'one.json'));
  await until(() => expect(form.request()?.datasetId).not.toBe(before));
  expect([form.plan.value(), form.plan.pending()]).toEqual([undefined, true]);
  await until(() => expect(form.plan.value()?.rows).toBe(1));
  // its name and what is asked meanwhile are no matter of the plan
  asked.mockClear();
  form.setName('Mine');
  form.setPrompts(['Hello?']);
  expect([form.request()?.name, form.plan.pending()]).toEqual(['Mine', false]);
  form.set({ r: 4 });
  expect([form.plan.value()?.rows, form.plan.pending()]).toEqual([1, true]);
  await until(() => expect(form.plan.pending()).toBe(false));
  expect(asked).toHaveBeenCalledTimes(1);
});

test('a plan that rests is measured unasked, and gives way to a change, a chat and a cancel', async () => {
  const { form, fake, engine } = await withRows();
  await until(() => expect([form.plan.pending(), engine.ready()]).toEqual([false, true]));
  const ask = vi.spyOn(fake.runs, 'measure');
  const stop = vi.spyOn(fake.runs, 'stopMeasuring');
  const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  // nobody looks at it
  await wait(1800);
  expect(ask).not.toHaveBeenCalled();
  const look = form.watch();
  const ends: ((measured: { secondsPerStep: number }) => void)[] = [];
  ask.mockImplementation(() => new Promise((resolve) => ends.push(resolve)));
  await until(() => expect(form.estimate.measuring()).toEqual({}));
  fake.emit({ type: 'progress', task: 'measure', id: 'rows', stage: 'Timing a step', done: 30, total: 100 });
  expect(form.estimate.measuring()).toEqual({ share: 0.3 });
  form.set({ r: 4 });
  expect([form.estimate.measuring(), stop.mock.calls.length]).toEqual([undefined, 1]);
  await until(() => expect(ask).toHaveBeenCalledTimes(2));
  ends.at(-1)?.({ secondsPerStep: 3 });
  await until(() => expect(form.estimate.secondsPerStep()).toBe(3));
  // what is cancelled is left alone
  form.set({ r: 8 });
  await until(() => expect(ask).toHaveBeenCalledTimes(3));
  form.estimate.cancel();
  await wait(1800);
  expect([ask.mock.calls.length, form.estimate.secondsPerStep()]).toEqual([3, undefined]);
  // one that was cancelled and comes back late does not end another of the same plan
  form.estimate.measure();
  const [late, again] = ends.slice(-2);
  late?.({ secondsPerStep: 9 });
  await wait(20);
  expect(form.estimate.measuring()).toEqual({});
  again?.({ secondsPerStep: 4 });
  await until(() => expect([form.estimate.measuring(), form.estimate.secondsPerStep()]).toEqual([undefined, 4]));
  look();
});

test('what cannot be taken stays in sight until something else is', async () => {
  const { form } = await withRows();
  const wrong = { text: '3000', problem: 'A whole number from 1 to 256 is needed.' };
  const { r } = form.config();
  form.reject('r', wrong);
  form.reject('seed', wrong);
  expect([form.config().r, form.rejected().r, Object.keys(form.rejected())]).toEqual([r, wrong, ['r', 'seed']]);
  form.set({ r: 16 });
  expect([form.config().r, Object.keys(form.rejected())]).toEqual([16, ['seed']]);
  form.usePreset(form.preset() ?? trainingPresets[0]);
  expect(form.rejected()).toEqual({});
});

test('a run that is not at its end is what the page is about, and starting says whether it began', async () => {
  const { form, runs, fake } = await withRows();
  await until(() => expect(runs.active()?.state).toBe('interrupted'));
  await runs.open('run-done');
  expect([runs.shown()?.state, runs.active()]).toEqual(['done', undefined]);
  await until(() => expect(form.request()).toBeDefined());
  expect(await runs.start(form.request()!)).toBe(true);
  expect(runs.active()?.state).toBe('running');
  vi.spyOn(fake.runs, 'start').mockRejectedValue(new Error('No.'));
  expect(await runs.start(form.request()!)).toBe(false);
});

test('a run is watched from its first step, rests, goes on, and leaves an adapter', async () => {
  const { form, runs, adapters } = await withRows();
  await until(() => expect(runs.ready()).toBe(true));
  form.set({ num_train_epochs: 40 });
  await until(() => expect(form.request()).toBeDefined());
  await runs.start(form.request()!);
  expect(runs.shown()?.state).toBe('running');
  await until(() => expect(runs.shown()?.log.length).toBeGreaterThan(3));
  runs.pause();
  await until(() => expect(runs.shown()?.state).toBe('paused'));
  expect(runs.running()).toBeUndefined();
  expect(runs.shown()?.checkpointStep).toBe(runs.shown()?.step);
  const { length } = runs.shown()!.log;
  await runs.resume();
  await until(() => expect(runs.shown()?.state).toBe('done'));
  const { log, steps, adapterId } = runs.shown()!;
  expect(log.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  expect(length).toBeLessThan(steps);
  await until(() => expect(adapters.find(adapterId ?? '')).toBeDefined());
});

test('after a reload the run that was cut off is shown as it is', async () => {
  const { runs } = page();
  await until(() => expect(runs.shown()?.state).toBe('interrupted'));
  expect(runs.shown()?.log).toHaveLength(71);
});

test('logs of elsewhere are listed and compared, never stored', async () => {
  const { runs, fake } = page();
  await until(() => expect(runs.ready()).toBe(true));
  const log_history = [1, 2, 3].map((step) => ({ step, loss: 1 / step, epoch: 0, learning_rate: 1e-5 }));
  await runs.openLog(file({ log_history }, 'trainer_state.json'));
  expect(runs.shown()?.log).toHaveLength(3);
  const opened = runs.shown()!.id;
  await runs.compare(opened, true);
  await runs.compare('run-done', true);
  expect(runs.compared().map(({ log }) => log.length)).toEqual([3, 120]);
  const forget = vi.spyOn(fake.runs, 'remove');
  await runs.remove(opened);
  expect(forget).not.toHaveBeenCalled();
  expect(runs.compared()).toHaveLength(1);
});

test('the worker is told which adapters are in use, and a new one is told again', async () => {
  const { adapters, fake, engine } = page();
  const use = vi.spyOn(fake.adapters, 'use');
  await until(() => expect(adapters.ofModel()).toHaveLength(1));
  const [{ id }] = adapters.ofModel();
  expect(use).not.toHaveBeenCalled();
  adapters.turn(id, true);
  adapters.setStrength(id, 0.5);
  expect(use).toHaveBeenLastCalledWith('bundled', [{ id, strength: 0.5 }]);
  fake.emit({ type: 'restarted' });
  expect(use).toHaveBeenCalledTimes(3);
  engine.use('open');
  expect(adapters.inUse()).toEqual([]);
  expect(use).toHaveBeenLastCalledWith('open', []);
});

test('the same question goes to base and adapter, and the conversation goes on with the adapter’s answer', async () => {
  const { adapters, chats, fake } = page();
  const ask = vi.spyOn(fake.generation, 'start');
  await until(() => expect(adapters.ofModel()).toHaveLength(1));
  await until(() => expect(chats.ready()).toBe(true));
  const [{ id }] = adapters.ofModel();
  chats.setCompare(true);
  chats.send('Hello');
  await until(() => expect(chats.running()).toBeUndefined());
  expect(ask).toHaveBeenCalledTimes(1);
  expect(chats.path().at(-1)?.base).toBeUndefined();
  adapters.turn(id, true);
  chats.send('And now?');
  await until(() =>
    expect(ask.mock.calls.slice(1).map(([{ adapters: used }]) => used)).toEqual([[{ id, strength: 1 }], []]),
  );
  await until(() => expect(chats.running()).toBeUndefined());
  const answer = chats.path().at(-1)!;
  expect(answer.base?.state).toBe('stop');
  expect(answer.base?.content).toBe(answer.content);
  expect(answer.adapters).toEqual(['Manners, 20 epochs']);
});

test('rows can be put in a form of one’s own, which goes with the request', async () => {
  const { form, templates, notices } = await withRows();
  await until(() => expect(form.request()).toBeDefined());
  const mine = { description: '', prompt_input: '{instruction} {input}:', prompt_no_input: '{instruction}:' };
  form.takeTemplate({ ...mine, name: 'mine', response_split: ':' });
  expect(form.config().prompt_template_name).toBe('mine');
  expect(form.request()).toMatchObject({ template: { name: 'mine', prompt_no_input: '{instruction}:' } });
  // Pronk's own name stays Pronk's, and what is the same is not kept twice
  await until(() => expect(templates.all().some(({ name }) => name === 'alpaca')).toBe(true));
  const [alpaca] = templates.all();
  form.takeTemplate({ ...mine, name: 'alpaca', response_split: ':' });
  expect(form.config().prompt_template_name).toBe('alpaca (own)');
  form.takeTemplate({ ...alpaca });
  expect(form.config().prompt_template_name).toBe('alpaca');
  expect(form.request()?.template).toBeUndefined();
  expect(templates.own().map(({ name }) => name)).toEqual(['mine', 'alpaca (own)']);
  form.takeTemplate({ ...mine, prompt_input: 'nothing', name: 'broken', response_split: '' });
  expect(notices.list().at(-1)?.text).toMatch(/broken cannot be used: .*\{instruction\}/);
});

test('a row from elsewhere goes to the open dataset, to another one, or to a new one', async () => {
  const { datasets, fake } = await withRows();
  const row = { kind: 'instruct', instruction: 'Say so.', input: '', output: 'So.' } as const;
  const open = datasets.chosen()!.id;
  expect(await datasets.append({ id: open }, [row])).toBe('An alpaca’s manners.json');
  expect(datasets.rows.count()).toBe(25);
  expect(await fake.datasets.rows(open, 24, 25)).toEqual([row]);
  datasets.rows.undo();
  await datasets.rows.flush();
  expect(await fake.datasets.rows(open, 24, 25)).toEqual([]);
  expect(await datasets.append({ name: 'New' }, [row])).toBe('New');
  const made = datasets.list().find(({ name }) => name === 'New')!;
  expect(made.rows).toBe(1);
  await datasets.append({ id: made.id }, [row]);
  expect(await fake.datasets.rows(made.id, 0, 9)).toEqual([row, row]);
  expect(datasets.chosen()!.id).toBe(open);
});

test('a run that rests for want of room says so and is not lost sight of', async () => {
  const { runs, fake, notices } = await withRows();
  await until(() => expect(runs.shown()?.state).toBe('interrupted'));
  const { request: _, log: __, validations: ___, samples: ____, ...run } = runs.shown()!;
  fake.emit({ type: 'training', event: { type: 'run', run: { ...run, state: 'running' } } });
  expect(runs.running()?.id).toBe(run.id);
  const rests = { ...run, state: 'paused', unkept: true, problem: 'There is no room.' } as const;
  fake.emit({ type: 'training', event: { type: 'run', run: rests } });
  expect(runs.shown()).toMatchObject({ state: 'paused', unkept: true, problem: 'There is no room.' });
  expect(notices.list().at(-1)?.text).toMatch(/is paused: there is no space/);
  fake.emit({ type: 'training', event: { type: 'run', run: { ...run, state: 'running' } } });
  expect([runs.shown()?.problem, runs.shown()?.unkept]).toEqual([undefined, undefined]);
});

test('a run that a dead worker cut off goes on by itself, unless that has not helped', async () => {
  const { runs, fake } = await withRows();
  await until(() => expect(runs.shown()?.state).toBe('interrupted'));
  const { request: _, log: __, validations: ___, samples: ____, ...run } = runs.shown()!;
  const resume = vi.spyOn(fake.runs, 'resume').mockResolvedValue(undefined);
  const cutOff = async () => {
    fake.emit({ type: 'training', event: { type: 'run', run: { ...run, state: 'running' } } });
    fake.emit({ type: 'restarted' });
    await until(() => expect(runs.running()).toBeUndefined());
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await cutOff();
  expect(resume.mock.calls).toEqual([[run.id]]);
  await cutOff();
  expect(resume).toHaveBeenCalledTimes(1);
});

test('a run whose model is gone cannot be gone on with; another one’s model is put in use', async () => {
  const { runs, engine, fake } = await withRows();
  await until(() => expect(runs.shown()?.state).toBe('interrupted'));
  await until(() => expect(engine.models()).toHaveLength(2));
  expect(runs.obstacle(runs.shown()!)).toBeUndefined();
  engine.use('open');
  const resume = vi.spyOn(fake.runs, 'resume').mockResolvedValue(undefined);
  await runs.resume();
  expect([engine.model()?.id, resume.mock.calls.length]).toEqual(['bundled', 1]);
  await fake.models.remove('bundled');
  expect(runs.obstacle(runs.shown()!)).toMatch(/Its model, Pronk 6M, was deleted/);
});
