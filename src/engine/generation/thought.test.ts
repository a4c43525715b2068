import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Guide, SampleOptions } from '../../model/inference/sample-options';
import type { Session } from '../../model/inference/session';
import { GREEDY } from '../../ops/sample/sampling';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { USUAL_MARKS } from '../../tokenizer/thinking';
import { generate, type GenerateOptions } from './generate';
import { ThoughtParts } from './thought';

/** Thought and answer of a text that is pushed piece by piece. */
function parted(pieces: readonly string[], isOpen = false) {
  const parts = new ThoughtParts(USUAL_MARKS, isOpen);
  const all = [...pieces.map((piece) => parts.push(piece)), parts.flush()];
  return { reasoning: all.map((each) => each.reasoning).join(''), text: all.map((each) => each.text).join('') };
}

test('however a text is cut, the thought and the answer are the same', () => {
  const piece = fc.constantFrom('<think>', '</think>', '<', 'think>', '</', '\n', ' ', 'a', 'bc', '<<');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, isOpen) => {
      const whole = pieces.join('');
      expect(parted([...whole], isOpen)).toEqual(parted([whole], isOpen));
    }),
  );
});

test('a thought is told from the answer, and white space around it belongs to neither', () => {
  expect(parted(['<think>\nTwo and two.\n</think>\n\nFour.\n'])).toEqual({
    reasoning: 'Two and two.',
    text: 'Four.\n',
  });
  expect(parted(['\nTwo and two.\n</think>\n\nFour.'], true)).toEqual({ reasoning: 'Two and two.', text: 'Four.' });
  expect(parted(['\n\n</think>\n\nFour.'], true)).toEqual({ reasoning: '', text: 'Four.' });
  // cut off within it
  expect(parted(['<think>\nTwo a', 'nd </th'])).toEqual({ reasoning: 'Two and </th', text: '' });
  // no thought: as it is, however it begins
  for (const text of ['Four.', '\n <b>', '<thin', 'Say <think>a</think>', '']) {
    expect(parted([text])).toEqual({ reasoning: '', text });
  }
});

/** A token a character; `<think>` and `</think>` are 1 and 2, special ones without text, and 0 ends a text. */
const letters: Tokenizer = {
  vocabSize: 0x1_0000,
  bosId: undefined,
  eosIds: [0],
  addBos: false,
  addBosToChat: false,
  chatTemplate: undefined,
  specialTokens: {},
  encode: (text) => [...text].map((letter) => letter.charCodeAt(0)),
  encodePieces: (pieces) => ids(pieces.map(({ text }) => text).join('')),
  spelling: (id) => ['', '<think>', '</think>'][id] || undefined,
  bytes: (id) => new TextEncoder().encode(id > 2 ? String.fromCharCode(id) : ''),
  decode: (list) => spelled(list),
  stream: () => ({ push: (id) => (id > 2 ? String.fromCharCode(id) : ''), flush: () => '' }),
};

const ids = (text: string) =>
  text
    .split(/(<\/?think>)/)
    .flatMap((part) => (part.endsWith('think>') ? [part[1] === '/' ? 2 : 1] : [...part].map((c) => c.charCodeAt(0))));
const spelled = (list: readonly number[]) =>
  list.map((id) => ['', '<think>', '</think>'][id] ?? String.fromCharCode(id)).join('');

/** A model that goes on with the longest script that what it reads ends in; `asked` is what it was given each time. */
function scripted(next: (read: string) => string, asked: { read: string; step: number; guided?: true }[] = []) {
  const session = {
    context: 4096,
    cachedPrefix: () => 0,
    async *sample(read: readonly number[], _: unknown, most: number, { signal, step = 0, guide }: SampleOptions) {
      asked.push({ read: spelled(read), step, ...(guide && { guided: true }) });
      for (const id of ids(next(spelled(read))).slice(0, Math.max(0, most))) {
        if (signal?.aborted) return;
        yield { id };
      }
    },
  };
  return session as unknown as Session;
}

async function answer(
  session: Session,
  options: Partial<GenerateOptions>,
  begun: readonly number[] = [],
  guide?: Guide,
) {
  const thought = { marks: USUAL_MARKS, isOpen: guide !== undefined };
  const given = { sampling: GREEDY, maxTokens: 100, ...options };
  const tokens = generate({ session, tokenizer: letters }, ids('Q'), given, begun, thought, guide);
  const told = [];
  for (;;) {
    const next = await tokens.next();
    if (next.done) return { ...next.value, told };
    told.push(next.value);
  }
}

test('what is told piece by piece is the thought and the answer', async () => {
  const session = scripted(() => '<think>\nTwo and two.\n</think>\n\nFour.\0');
  const result = await answer(session, {});
  expect(result).toMatchObject({ reasoning: 'Two and two.', text: 'Four.', finish: 'stop' });
  expect(result.told.map((each) => each.text).join('')).toBe('Four.');
  expect(result.told.map((each) => each.reasoning ?? '').join('')).toBe('Two and two.');
  // marks and line breaks within are the thought's tokens; those after it are not
  expect(result.reasoningTokens).toBe(ids('<think>\nTwo and two.\n</think>').length);
  expect(result.told.filter((each) => each.reasoning !== undefined)).toHaveLength(result.reasoningTokens);
});

test('a thought that has had its budget is closed, and the answer goes on after it', async () => {
  const asked: { read: string; step: number }[] = [];
  const session = scripted((read) => (read.endsWith('</think>\n\n') ? 'Four.\0' : '<think>one two three'), asked);
  const result = await answer(session, { thinkingBudget: 4 });
  expect(result).toMatchObject({ reasoning: 'one', text: 'Four.', finish: 'stop' });
  // what was sampled is read again with what was put after it, and the random numbers go on after both
  expect(asked).toEqual([
    { read: 'Q', step: 0 },
    { read: 'Q<think>one\n</think>\n\n', step: 8 },
  ]);
  expect(spelled(result.told.map(({ token }) => token))).toBe('<think>one\n</think>\n\nFour.');
  // a larger budget than the thought takes changes nothing
  const short = scripted((read) => (read === 'Q' ? '<think>one</think>\n\nFour.\0' : 'never'));
  expect(await answer(short, { thinkingBudget: 40 })).toMatchObject({ reasoning: 'one', text: 'Four.' });
});

test('a model that would end within its thought answers nevertheless, where the thought has a budget', async () => {
  const next = (read: string) => (read.endsWith('</think>\n\n') ? 'Four.\0' : '<think>one\0');
  expect(await answer(scripted(next), { thinkingBudget: 40 })).toMatchObject({ reasoning: 'one', text: 'Four.' });
  expect(await answer(scripted(next), {})).toMatchObject({ reasoning: 'one', text: '', finish: 'stop' });
});

test('with a budget the limit counts the answer alone; without one it counts all', async () => {
  const session = scripted((read) => (read === 'Q' ? '<think>one</think>Four is the answer.\0' : 'never'));
  expect(await answer(session, { maxTokens: 4, thinkingBudget: 20 })).toMatchObject({
    reasoning: 'one',
    text: 'Four',
    finish: 'length',
  });
  expect(await answer(session, { maxTokens: 4 })).toMatchObject({ reasoning: 'one', text: '', finish: 'length' });
});

test('an answer that was stopped in its thought goes on in it, within the same budget', async () => {
  const asked: { read: string; step: number }[] = [];
  const next = (read: string) => (read.endsWith('</think>\n\n') ? 'Four.\0' : ' two three four');
  const result = await answer(scripted(next, asked), { thinkingBudget: 8 }, ids('<think>one'));
  expect(result).toMatchObject({ reasoning: 'one two', text: 'Four.' });
  expect(result.told.filter(({ again }) => again)).toHaveLength(4);
  expect(asked.map(({ read }) => read)).toEqual(['Q<think>one', 'Q<think>one two\n</think>\n\n']);
});

test('a form holds the answer, and not the thought in front of it', async () => {
  const asked: { read: string; step: number; guided?: true }[] = [];
  const accepted: number[] = [];
  const guide: Guide = {
    next: async () => ({}),
    accept: (id) => void accepted.push(id),
    isOver: false,
    end: () => {},
  };
  const next = (read: string) => (read.endsWith('</think>') ? 'Four.\0' : 'one</think>never');
  const result = await answer(scripted(next, asked), {}, [], guide);
  expect(result).toMatchObject({ reasoning: 'one', text: 'Four.', finish: 'stop' });
  expect(asked).toEqual([
    { read: 'Q', step: 0 },
    { read: 'Qone</think>', step: 4, guided: true },
  ]);
  // of what an answer had already, the form has only what is behind the thought
  const begun = ids('one</think>Fo');
  expect(
    await answer(
      scripted(() => 'ur.\0', asked),
      {},
      begun,
      guide,
    ),
  ).toMatchObject({ text: 'Four.' });
  expect(accepted).toEqual(ids('Fo'));
});
