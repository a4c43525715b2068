import { createRoot } from 'solid-js';
import { afterEach, expect, test, vi } from 'vitest';
import { stubLocalStorage } from '../testing/local-storage';
import { createToy } from '../../worker/testing/toy-client';
import { someModel } from '../testing/models';
import { createChats } from './chats';
import { createEngineState } from '../shared/engine-state';
import { createNotices } from '../shared/notices';
import { createSettings } from '../settings/settings';

stubLocalStorage();
let dispose = () => {};
afterEach(() => {
  dispose();
});

function page(fake = createToy({ delay: 0, load: 20 })) {
  return createRoot((end) => {
    dispose = end;
    const notices = createNotices();
    const settings = createSettings();
    const engine = createEngineState(fake, notices);
    return { fake, notices, engine, settings, chats: createChats(engine, settings, notices) };
  });
}

/** However slow the machine is. */
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 20_000 });
const answered = (chats: ReturnType<typeof page>['chats']) =>
  until(() => expect(chats.path().at(-1)?.state).toBe('stop'));

test('a question asked before there is a model waits, is answered, and is kept', async () => {
  const { chats, engine, fake } = page();
  chats.send(' What is an alpaca? ');
  expect(engine.model()).toBeUndefined();
  expect(chats.path().map(({ role, content }) => [role, content])).toEqual([
    ['user', 'What is an alpaca?'],
    ['assistant', ''],
  ]);
  expect(chats.running()).toBeDefined();
  await answered(chats);
  expect(chats.running()).toBeUndefined();
  expect(chats.path()[1]).toMatchObject({ model: 'Pronk 6M', state: 'stop' });
  expect(chats.path()[1].content).toMatch(/^Alpacas are/);
  await until(async () =>
    expect(await fake.records.list('chats')).toMatchObject([{ title: 'What is an alpaca?', turns: [{}, {}] }]),
  );
});

test('Stop ends a question that still waits for a model', () => {
  const { chats } = page();
  chats.send('Hello');
  chats.stop();
  expect(chats.path()[1].state).toBe('abort');
  expect(chats.running()).toBeUndefined();
});

test('a further answer and another question are branches, and all of them stay', async () => {
  const { chats } = page();
  chats.send('One');
  await answered(chats);
  chats.regenerate(chats.path()[1]);
  await answered(chats);
  expect(chats.siblings(chats.path()[1])).toHaveLength(2);
  chats.edit(chats.path()[0], 'Two');
  await answered(chats);
  expect(chats.path()[0].content).toBe('Two');
  chats.show(chats.siblings(chats.path()[0])[0]);
  expect(chats.path().map(({ content }) => content)[0]).toBe('One');
  expect(chats.current()?.turns).toHaveLength(5);
});

test('one answer at a time in a conversation', () => {
  const { chats } = page();
  chats.send('One');
  chats.send('Two');
  expect(chats.path()).toHaveLength(2);
});

test('a deleted conversation is gone at once, and comes back by Undo', async () => {
  const { chats, notices, fake } = page();
  chats.send('Keep me');
  await answered(chats);
  const { id } = chats.current()!;
  chats.remove(id);
  expect(chats.list()).toEqual([]);
  expect(await fake.records.list('chats')).toEqual([]);
  notices.list().at(-1)?.action?.run();
  expect(chats.current()?.id).toBe(id);
  await until(async () => expect(await fake.records.list('chats')).toHaveLength(1));
});

test('a reload opens the conversation that was open, and what was streaming says that it was cut off', async () => {
  const fake = createToy({ delay: 30, load: 0 });
  const { chats } = page(fake);
  chats.send('Write a long poem');
  await until(async () => {
    const [record] = (await fake.records.list('chats')) as unknown as { turns: { content: string }[] }[];
    expect(record?.turns[1].content).toMatch(/^Alpacas/);
  });
  dispose();
  const again = page(fake).chats;
  await until(() => expect(again.path()).toHaveLength(2));
  expect(again.path()[1]).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
  expect(again.path()[1].content).toMatch(/^Alpacas/);
});

test('an answer at its limit goes on with the same text, from its ids; a stopped one too', async () => {
  const { chats, fake, settings } = page();
  const generate = vi.spyOn(fake.generation, 'start');
  settings.set('maxTokens', 5);
  chats.send('Hello');
  await until(() => expect(chats.path().at(-1)?.state).toBe('length'));
  const before = chats.path()[1].content;
  expect(before).toBe('Alpacas are **small camelids** from ');
  chats.continueAnswer(chats.path()[1]);
  expect(chats.running()?.content).toBe(before);
  await until(() => expect(chats.path().at(-1)?.state).toBe('length'));
  expect(generate.mock.lastCall?.[0]).toMatchObject({
    begun: [0, 1, 2, 3, 4],
    sampling: { seed: chats.path()[1].seed },
  });
  expect(generate.mock.lastCall?.[0].prompt).toEqual(generate.mock.calls[0][0].prompt);
  expect(chats.path()).toHaveLength(2);
  expect(chats.path()[1].content).toBe(`${before}the Andes, kept for their `);
  expect(chats.path()[1].timing?.completionTokens).toBe(10);
  // another model cuts words otherwise: it gets the text
  fake.emit({ type: 'models', models: [someModel('other')] });
  chats.continueAnswer(chats.path()[1]);
  await until(() => expect(generate.mock.lastCall?.[0]).toMatchObject({ modelId: 'other', begun: expect.any(String) }));
});

test('an answer that came to its end is not gone on with, and one in other words is', async () => {
  const { chats, fake } = page();
  const generate = vi.spyOn(fake.generation, 'start');
  chats.send('Hello');
  await answered(chats);
  chats.continueAnswer(chats.path()[1]);
  expect(generate).toHaveBeenCalledTimes(1);
  chats.editAnswer(chats.path()[1], 'Alpacas are ');
  expect(chats.siblings(chats.path()[1])).toHaveLength(2);
  expect(chats.path()[1]).toMatchObject({ content: 'Alpacas are ', edited: true, state: 'stop' });
  chats.continueAnswer(chats.path()[1]);
  await until(() => expect(generate.mock.lastCall?.[0]).toMatchObject({ begun: 'Alpacas are ' }));
});

test('drafts belong to their conversation', async () => {
  const { chats } = page();
  chats.setDraft('for a new one');
  chats.send('Hello');
  expect(chats.draft()).toBe('');
  chats.setDraft('for this one');
  chats.open(undefined);
  expect(chats.draft()).toBe('for a new one');
});

test('a failure keeps the question and what had come, and says why', async () => {
  const { chats, fake } = page();
  fake.generation.start = () =>
    Promise.reject(Object.assign(new Error('The GPU has no room.'), { name: 'out-of-memory' }));
  chats.send('Hello');
  await until(() => expect(chats.path().at(-1)?.state).toBe('failed'));
  expect(chats.path().at(-1)?.error).toEqual({ code: 'out-of-memory', message: 'The GPU has no room.' });
  expect(chats.running()).toBeUndefined();
});
