// Scalings that depend on a text's length on a device: against transformers, which reads a prompt as a whole and then token by
// token, or for LongRoPE the whole text for each token.
import { describe, expect, test } from 'vitest';
import { weightTensors } from '../../formats/checkpoint/weights';
import { testDevices } from '../../gpu/testing/device';
import { GREEDY } from '../../ops/sample/sampling';
import { relative } from '../../ops/testing/run';
import { createSession, type Session } from './session';
import { configCases, openCase } from '../testing/configs';

const V = 131;
const [gpu] = await testDevices();
const [beyond, within] = ['dynamic', 'dynamic, within'].map((name) => configCases.find((each) => each.name === name)!);

async function session(own: (typeof configCases)[number], change: object = {}, context = 96): Promise<Session> {
  const checkpoint = await openCase(own, change);
  const tensors = weightTensors(checkpoint, 'keep');
  return createSession(gpu, checkpoint.config, tensors, { precision: 'exact', context });
}

async function generated(on: Session, { ids, generated: text = [] }: (typeof configCases)[number]): Promise<number[]> {
  const all: number[] = [];
  for await (const id of on.generate(ids, GREEDY, text.length)) all.push(id);
  return all;
}

test('logits of a text beyond the trained context', async () => {
  const on = await session(beyond!);
  const { ids, positions, logits } = beyond!;
  const actual = await on.logits(ids);
  const rows = positions.flatMap((t) => [...actual.subarray(t * V, (t + 1) * V)]);
  expect(relative(rows, logits.flat())).toBeLessThan(1e-4);
  on.destroy();
});

test('what is generated, whatever lies in the cache', async () => {
  const on = await session(beyond!);
  // the second generation finds the first one's keys, the third a prompt that was read beyond the trained context
  for (const own of [within!, within!, beyond!, within!, beyond!, beyond!]) {
    expect(await generated(on, own)).toEqual(own.generated);
  }
  expect(on.cachedPrefix(beyond!.ids)).toBe(0);
  await generated(on, within!);
  expect(on.cachedPrefix(within!.ids)).toBe(within!.ids.length - 1);
  on.destroy();
});

test('without the scaling it is another text', async () => {
  const on = await session(beyond!, { rope_parameters: { rope_type: 'default', rope_theta: 500 } });
  expect(await generated(on, beyond!)).not.toEqual(beyond!.generated);
  expect(await generated(on, within!)).not.toEqual(within!.generated);
  on.destroy();
});

describe('LongRoPE', () => {
  const growing = configCases.find(({ name }) => name === 'longrope, growing')!;

  test('an answer that grows out of the original context', async () => {
    const on = await session(growing);
    // the second finds keys of long texts in the cache, and the third its own
    for (let i = 0; i < 3; i++) expect(await generated(on, growing)).toEqual(growing.generated);
    const long = [...growing.ids, ...growing.generated!];
    expect(on.cachedPrefix(long)).toBe(long.length - 1);
    expect(on.cachedPrefix(growing.ids)).toBe(0);
    on.destroy();
  });

  test('up to the last position of the context', async () => {
    for (const [context, tokens] of [
      [64, 15],
      [65, 15],
      [66, 17],
      [67, 18],
    ] as const) {
      const on = await session(growing, {}, context);
      const text = await generated(on, growing);
      expect(text).toEqual(growing.generated!.slice(0, tokens));
      on.destroy();
    }
  });

  test('the short list for a long text, and the long one for a short text, are other texts', async () => {
    const rope = (growing.config as { rope_parameters: object }).rope_parameters;
    const lists = async (original: number) => {
      const change = {
        rope_parameters: { ...rope, attention_factor: 1.1547, original_max_position_embeddings: original },
      };
      const on = await session(growing, change);
      const text = await generated(on, growing);
      on.destroy();
      return text;
    };
    expect(await lists(64)).toEqual(growing.generated);
    expect(await lists(256)).not.toEqual(growing.generated);
    expect(await lists(32)).not.toEqual(growing.generated);
  });
});
