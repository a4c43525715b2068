import { expect, test } from 'vitest';
import type { TokenLogprobs } from '../../worker/contract';
import { type AnswerOdds, joinOdds, shownOdds } from './odds';

const utf8 = new TextEncoder();
const shown = (id: number, text: string, p: number, bytes = [...utf8.encode(text)]) => ({
  id,
  text,
  bytes,
  logprob: Math.log(p),
});
const told = (id: number, text: string, p: number, bytes?: number[]): TokenLogprobs => ({
  ...shown(id, text, p, bytes),
  top: [shown(id, text, p, bytes), shown(9, ' other', 0.125)],
});
const made = (...texts: string[]): AnswerOdds =>
  joinOdds(
    undefined,
    texts.map((text, i) => told(i, text, 0.5)),
    texts.length,
    true,
  ) ?? [];

test('a token has its probability, and the others beside it', () => {
  expect(made('Hi')).toEqual([{ text: 'Hi', p: 0.5, others: [{ id: 9, text: ' other', p: 0.125 }] }]);
});

test('pieces are joined; what comes again keeps what is known of it', () => {
  const known = joinOdds(made('A', ' b'), [told(3, ' c', 0.25)], 1, false);
  expect(known?.map((each) => each?.text)).toEqual(['A', ' b', ' c']);
  const again = joinOdds(known, [null, null, told(4, ' d', 0.25)], 3, true);
  expect(again?.map((each) => each?.text)).toEqual(['A', ' b', ' d']);
  // without the odds of its new tokens the places stay right
  expect(joinOdds(known, undefined, 2, false)?.slice(3)).toEqual([null, null]);
  expect(joinOdds(undefined, undefined, 2, false)).toBeUndefined();
});

test('an answer is shown in its tokens, without its thought and what is not known', () => {
  const texts = (content: string, odds: AnswerOdds, skipped = 0) => {
    const all = shownOdds(content, odds, skipped);
    return all && [all.before, ...all.tokens.map(({ at, text }) => `${at}:${text}`)];
  };
  expect(texts('A b c', made('A', ' b', ' c'))).toEqual(['', '0:A', '1: b', '2: c']);
  expect(texts('Yes b', made('<think>', 'hm', '</think>', '\n\n', 'Yes', ' b'), 3)).toEqual(['', '4:Yes', '5: b']);
  expect(texts('A b c', [null, ...made(' b', ' c')])).toEqual(['A', '1: b', '2: c']);
  // tokens may be there before their text is certain
  expect(texts('A', made('A', '##'))).toEqual(['', '0:A', '1:##']);
  expect(texts('Something else', made('A', ' b'))).toBeUndefined();
  expect(texts('A', [null])).toBeUndefined();
});

test('a character of several tokens is shown with the last of them', () => {
  const [first = 0, ...rest] = utf8.encode('é');
  const odds = joinOdds(
    undefined,
    [told(1, 'caf', 1), told(2, '\ufffd', 0.5, [first]), told(3, '\ufffd', 0.5, rest)],
    3,
    true,
  );
  expect(shownOdds('café', odds ?? [], 0)?.tokens.map(({ at, text }) => [at, text])).toEqual([
    [0, 'caf'],
    [2, 'é'],
  ]);
});
