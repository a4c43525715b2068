// Dynamic scaling of positions on a device: against transformers, which reads a prompt as a whole and then token by token.
import { expect, test } from 'vitest';
import { weightTensors } from '../../formats/checkpoint/weights';
import { testDevices } from '../../gpu/testing/device';
import { GREEDY } from '../../ops/sample/sample';
import { relative } from '../../ops/testing/run';
import { createSession, type Session } from './session';
import { configCases, openCase } from '../testing/configs';

const V = 131;
const [gpu] = await testDevices();
const [beyond, within] = ['dynamic', 'dynamic, within'].map((name) => configCases.find((each) => each.name === name)!);

async function session(own: (typeof configCases)[number], change: object = {}): Promise<Session> {
  const checkpoint = await openCase(own, change);
  const tensors = weightTensors(checkpoint, 'keep');
  return createSession(gpu, checkpoint.config, tensors, { precision: 'exact', context: 96 });
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
