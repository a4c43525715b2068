// Configurations as transformers 5.18 takes them: its float64 logits against the reference's.
import { expect, test } from 'vitest';
import { relative } from '../../ops/testing/numbers';
import { llamaReference } from './llama';
import { configCases, openCase } from '../testing/configs';
import { referenceWeights } from '../testing/golden';

const V = 131;
type Case = (typeof configCases)[number];
const named = (name: string) => configCases.find((each) => each.name === name)!;

/** How far the reference is from transformers. */
async function off(own: Case, change: object = {}, heads: 'as opened' | 'tied' = 'as opened'): Promise<number> {
  const checkpoint = await openCase(own, change);
  const config = { ...checkpoint.config, ...(heads === 'tied' && { tieWordEmbeddings: true }) };
  const logits = llamaReference(config, await referenceWeights(checkpoint), own.ids);
  const chosen = own.positions.flatMap((t) => [...logits.subarray(t * V, (t + 1) * V)]);
  return relative(chosen, own.logits.flat());
}

test.each(configCases)('$name', async (own) => {
  expect(await off(own)).toBeLessThan(1e-5);
});

test('each of them matters', async () => {
  const full = { layer_types: ['full_attention', 'full_attention'] };
  expect(await off(named('layer_types'), full)).toBeGreaterThan(1e-2);
  expect(await off(named('layer_types'), { layer_types: ['sliding_attention', 'sliding_attention'] })).toBeGreaterThan(
    1e-2,
  );
  expect(await off(named('max_window_layers'), { max_window_layers: 0 })).toBeGreaterThan(1e-2);
  expect(await off(named('biases that are not asked for'), { attention_bias: true })).toBeGreaterThan(1e-2);
  expect(await off(named('biases without o_proj'), { attention_bias: false })).toBeGreaterThan(1e-2);
  expect(await off(named('a tied head with a head of its own'), {}, 'tied')).toBeGreaterThan(0.1);
  expect(await off(named('dynamic'), { max_position_embeddings: 128 })).toBeGreaterThan(1e-2);
  const none = { rope_parameters: { rope_type: 'default', rope_theta: 500 } };
  expect(await off(named('dynamic'), none)).toBeGreaterThan(1e-2);
  expect(await off(named('longrope of one list'), none)).toBeGreaterThan(1e-2);
  const rope = (name: string, change: object) => ({
    rope_parameters: { ...(named(name).config as { rope_parameters: object }).rope_parameters, ...change },
  });
  // the attention factor left out, ramps at whole pairs, the context that stands within
  expect(await off(named('yarn'), rope('yarn', { attention_factor: 1 }))).toBeGreaterThan(1e-2);
  const own = 'yarn with parameters of its own';
  for (const change of [{ mscale: null }, { truncate: true }, { beta_fast: 32 }, { beta_slow: 1 }]) {
    expect(await off(named(own), rope(own, change))).toBeGreaterThan(1e-3);
  }
  const inside = { original_max_position_embeddings: null };
  expect(await off(named('yarn with an attention factor'), inside)).toBeGreaterThan(1e-3);
  // the short list for a long text, and the long one for a short text
  const long = { original_max_position_embeddings: 256 };
  expect(await off(named('longrope, long'), rope('longrope, long', long))).toBeGreaterThan(1e-2);
  const short = { original_max_position_embeddings: 63, attention_factor: Math.sqrt(1 + Math.log(4) / Math.log(64)) };
  expect(await off(named('longrope, short'), rope('longrope, short', short))).toBeGreaterThan(1e-2);
  const grow = 'queries that grow';
  expect(await off(named(grow), rope(grow, { llama_4_scaling_beta: 0 }))).toBeGreaterThan(1e-2);
  expect(await off(named(grow), rope(grow, { mscale: null }))).toBeGreaterThan(1e-2);
});

test('what is not taken as the files have it is said', async () => {
  const said = async (name: string) => (await openCase(named(name))).notes ?? [];
  expect(await said('swish')).toEqual([]);
  expect(await said('layer_types')).toEqual([]);
  expect(await said('biases that are not asked for')).toEqual([expect.stringMatching(/q_proj.*o_proj.*ignored/)]);
  expect(await said('biases without o_proj')).toEqual([expect.stringMatching(/o_proj.*zero/)]);
  expect(await said('a tied head with a head of its own')).toEqual([expect.stringMatching(/tie_word_embeddings/)]);
});
