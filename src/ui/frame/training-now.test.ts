import { createRoot } from 'solid-js';
import { afterEach, expect, test, vi } from 'vitest';
import { createToy } from '../../worker/testing/toy-client';
import { toyRun } from '../../worker/testing/toy-runs';
import { stubLocalStorage } from '../testing/local-storage';
import { createTrainingNow, percentOf } from './training-now';

stubLocalStorage();
let dispose = () => {};
afterEach(() => {
  dispose();
  vi.unstubAllGlobals();
});

test('what trains is told everywhere, what rests after a reload too, and what has ended is not', async () => {
  const document = { title: 'Pronk' };
  vi.stubGlobal('document', document);
  const fake = createToy({ delay: 0, load: 0, trained: true });
  const now = createRoot((end) => {
    dispose = end;
    return createTrainingNow(fake);
  });
  await vi.waitFor(() => expect(now()).toMatchObject({ id: 'run-interrupted', state: 'resting' }));
  expect([percentOf(now()!), document.title]).toEqual(['59 %', 'Pronk']);

  const { request: _, log: __, validations: ___, samples: ____, ...run } = { ...toyRun('running'), steps: 8 };
  const tell = (values: Partial<typeof run>) =>
    fake.emit({ type: 'training', event: { type: 'run', run: { ...run, ...values } } });
  tell({});
  expect([now()?.id, document.title]).toEqual(['run-running', '0 % · Pronk']);
  const record = { step: 3, epoch: 1, loss: 1, gradNorm: 1, learningRate: 1, tokens: 1, seconds: 1 };
  fake.emit({ type: 'training', event: { type: 'step', runId: 'another', record } });
  expect(document.title).toBe('0 % · Pronk');
  fake.emit({ type: 'training', event: { type: 'step', runId: run.id, record } });
  expect(document.title).toBe('37 % · Pronk');
  tell({ step: 3, state: 'paused' });
  expect([now()?.state, document.title]).toEqual(['resting', 'Pronk']);
  tell({ step: 8, state: 'done' });
  expect(now()).toBeUndefined();
});

test('a run that rests is told until it is removed', async () => {
  const fake = createToy({ delay: 0, load: 0, trained: true });
  const now = createRoot((end) => {
    dispose = end;
    return createTrainingNow(fake);
  });
  await vi.waitFor(() => expect(now()).toMatchObject({ id: 'run-interrupted', state: 'resting' }));
  await fake.runs.remove('another');
  expect(now()).toMatchObject({ id: 'run-interrupted' });
  await fake.runs.remove('run-interrupted');
  await vi.waitFor(() => expect(now()).toBeUndefined());
});
