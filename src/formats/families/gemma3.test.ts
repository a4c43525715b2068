// What is read of Gemma 3's folders: published ones of text and of images, and those that Pronk does not run.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { windowAt } from '../../core/model-config';
import { bytesSource, type Source } from '../../core/source';
import { referenceWeights } from '../../model/testing/golden';
import { openCheckpoint } from '../checkpoint/open';
import { readSafetensors } from '../safetensors/safetensors';
import { jsonSource, safetensors } from '../testing/family-models';

const GOLDEN = new URL('../../model/golden/tiny-gemma3', import.meta.url);
const file = async (part: string) => bytesSource(await readFile(`${GOLDEN.pathname}.${part}`), `model.${part}`);
const json = JSON.parse(String(await readFile(`${GOLDEN.pathname}.config.json`))) as Record<string, unknown>;
const weights = await file('safetensors');
const tokenizer = bytesSource(Buffer.from('{"model": {"vocab": {"a": 0}, "merges": []}}'), 'tokenizer.json');

const open = (config: object, tensors: Source = weights) =>
  openCheckpoint([jsonSource(config, 'config.json'), tensors, tokenizer]);
const without = (...keys: string[]) => Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)));

/** The tiny model's tensors under other names. */
async function renamed(rename: (name: string) => string) {
  const { tensors } = await readSafetensors(weights);
  const all = await Promise.all(
    Array.from(tensors.values(), async ({ name, shape, source, start, bytes }) => {
      const sizes = shape.length === 1 ? ([1, shape[0]!] as const) : ([shape[0]!, shape[1]!] as const);
      return [rename(name), { shape: sizes, bytes: await source.read(start, start + bytes) }] as const;
    }),
  );
  return safetensors(new Map(all));
}

test('the first releases’ keys say what those of transformers 5 do', async () => {
  const { config } = await open(json);
  const old = {
    ...without('rope_parameters'),
    rope_theta: 900,
    rope_local_base_freq: 50,
    rope_scaling: { rope_type: 'linear', factor: 4 },
  };
  expect((await open(old)).config).toEqual(config);
  expect((await open({ ...old, rope_local_base_freq: 51 })).config).not.toEqual(config);
  const { config: bare } = await open(without('rope_parameters', 'layer_types', 'query_pre_attn_scalar'));
  expect(bare).toMatchObject({ ropeTheta: 1e6, localRopeTheta: 1e4, attentionScale: 1 / 16 });
  // of three layers none is the sixth
  expect([0, 1, 2].map((layer) => windowAt(bare, layer))).toEqual([7, 7, 7]);
});

describe('of a model that reads images', () => {
  const { architectures: _, model_type: __, ...text } = json;
  const config = {
    architectures: ['Gemma3ForConditionalGeneration'],
    model_type: 'gemma3',
    text_config: text,
    vision_config: { hidden_size: 8 },
  };

  test.each(['language_model.model.', 'model.language_model.'])('the text is read from %s…', async (prefix) => {
    const given = await renamed((name) => name.replace(/^model\./, prefix));
    const [own, plain] = [await open(config, given), await open(json)];
    expect(own.config).toEqual(plain.config);
    expect(await referenceWeights(own)).toEqual(await referenceWeights(plain));
    expect(own.notes).toEqual([expect.stringMatching(/images/)]);
    expect(plain.notes).toBeUndefined();
  });
});

test('what Pronk does not run is refused', async () => {
  for (const [change, message] of [
    [{ use_bidirectional_attention: true }, /both directions/],
    [{ final_logit_softcapping: 30 }, /caps its logits/],
    [{ attn_logit_softcapping: 50 }, /caps its logits/],
    [{ hidden_activation: 'relu' }, /activation relu/],
  ] as const) {
    await expect(open({ ...json, ...change })).rejects.toMatchObject({ code: 'unsupported-architecture', message });
  }
  await expect(open({ ...json, layer_types: ['full_attention'] })).rejects.toMatchObject({ code: 'corrupt-file' });
});
