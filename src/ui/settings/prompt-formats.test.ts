import { createRoot } from 'solid-js';
import { afterEach, expect, test, vi } from 'vitest';
import { stubLocalStorage } from '../testing/local-storage';
import { createToy } from '../../worker/testing/toy-client';
import { someModel } from '../testing/models';
import { createChats } from '../chat/chats';
import { createEngineState } from '../shared/engine-state';
import { createNotices } from '../shared/notices';
import { createSettings } from './settings';
import { createStyles, styles } from './prompt-formats';

stubLocalStorage();
let dispose = () => {};
afterEach(() => {
  dispose();
});

function page() {
  const fake = createToy({ silent: true, delay: 0, load: 0 });
  const generate = vi.spyOn(fake.generation, 'start');
  const choose = vi.fn();
  return createRoot((end) => {
    dispose = end;
    const notices = createNotices();
    const settings = createSettings();
    const engine = createEngineState(fake, notices);
    const inInstruct = createSettings('settings-instruct');
    const made = createStyles(engine, { chat: settings, instruct: inInstruct }, choose);
    const chats = createChats(engine, settings, notices, { style: () => made.chat()?.id });
    return { fake, generate, choose, settings, inInstruct, engine, styles: made, chats };
  });
}

const models = [
  someModel('plain', { name: 'plain' }),
  someModel('tuned', { name: 'tuned', bundled: false, style: 'openalpaca' }),
];

test('a style is one click: the prompt, the sampling, and for this model only', async () => {
  const { fake, generate, settings, engine, styles: made, chats } = page();
  fake.emit({ type: 'models', models });
  made.useInChat('point-alpaca');
  expect(settings.preset()?.name).toBe('Point-Alpaca');
  chats.send('Hi');
  await vi.waitFor(() => expect(generate).toHaveBeenCalled());
  expect(generate.mock.calls[0][0]).toMatchObject({
    prompt: { kind: 'chat', style: 'point-alpaca' },
    sampling: { temperature: 0.5, topK: 50, topP: 1, repetitionPenalty: 1.1, maxTokens: 200 },
  });
  engine.use('tuned');
  expect(made.chat()).toBeUndefined();
  engine.use('plain');
  made.useInChat(undefined);
  expect(made.chat()).toBeUndefined();
  expect(settings.preset()?.name).toBe('Point-Alpaca');
});

test('without a style a request has none', async () => {
  const { fake, generate, chats } = page();
  fake.emit({ type: 'models', models });
  chats.send('Hi');
  await vi.waitFor(() => expect(generate).toHaveBeenCalled());
  expect(generate.mock.calls[0][0].prompt).not.toHaveProperty('style');
});

test('what a model was trained with is offered first, and suggested', () => {
  const { fake, engine, styles: made } = page();
  fake.emit({ type: 'models', models });
  expect(made.suggested()).toBeUndefined();
  expect(made.offered()).toEqual(styles);
  engine.use('tuned');
  expect(made.suggested()?.name).toBe('OpenAlpaca');
  expect(made.offered().map(({ id }) => id)).toEqual([
    'openalpaca',
    'openalpaca-may-2023',
    'point-alpaca',
    'alpaca-lora',
  ]);
});

test('in Instruct it sets template and sampling there, and leaves Chat as it was', () => {
  const { styles: made, settings, inInstruct, choose } = page();
  const before = settings.values();
  made.useInInstruct(styles.find(({ id }) => id === 'alpaca-lora')!);
  expect(choose).toHaveBeenCalledWith('alpaca');
  expect(inInstruct.preset()?.name).toBe('Alpaca-LoRA');
  expect(settings.values()).toEqual(before);
});
