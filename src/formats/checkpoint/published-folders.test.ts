// Folders as publishers leave them: copies with other names, stale indices, files of other programs.
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../core/source';
import { openCheckpoint } from './open';
import { jsonSource, tokenizer, base, model, halfSplit, safetensors, expectModel } from '../testing/family-models';

describe('folders as they are published', () => {
  const tensors = model([]);
  const weights = safetensors(Array.from(tensors, ([name, each]) => [name, halfSplit(name, each)] as const));
  const json = { ...base, model_type: 'llama', architectures: ['LlamaForCausalLM'] };
  const settings = jsonSource(json, 'config.json');

  test('other JSON files with like names or like contents are not the configuration', async () => {
    // ModelScope's and MLC's
    const others = [
      jsonSource({ framework: 'pytorch', task: 'text-generation' }, 'configuration.json'),
      jsonSource({ model_type: 'llama', quantization: 'q4f16_1' }, 'mlc-chat-config.json'),
    ];
    for (const files of [
      [settings, ...others],
      [...others, settings],
    ]) {
      await expectModel(await openCheckpoint([...files, weights, tokenizer]), tensors);
    }
    // a copy that a browser numbered is one
    const copy = jsonSource(json, 'config (1).json');
    await expectModel(await openCheckpoint([copy, others[0], weights, tokenizer]), tensors);
  });

  test('the same model under another name beside it is let be', async () => {
    const bytes = await weights.read(0, weights.size);
    const other = bytesSource(bytes, 'consolidated.safetensors');
    await expectModel(await openCheckpoint([settings, other, weights, tokenizer]), tensors);
    await expectModel(await openCheckpoint([settings, other, tokenizer]), tensors);
    const numbered = bytesSource(bytes, 'model (1).safetensors');
    await expectModel(await openCheckpoint([settings, other, numbered, tokenizer]), tensors);
  });

  test('matrices of a method that is not read are named, with what to do; one that shows nowhere is let be', async () => {
    const packed = new Map(tensors);
    packed.delete('model.layers.0.self_attn.q_proj.weight');
    packed.set('model.layers.0.self_attn.q_proj.W_q', { shape: [2, 24], bytes: new Uint8Array(192) });
    const hqq = jsonSource({ ...json, quantization_config: { quant_method: 'hqq', nbits: 4 } }, 'config.json');
    await expect(openCheckpoint([hqq, safetensors(packed), tokenizer])).rejects.toMatchObject({
      code: 'unsupported-tensor-type',
      message: expect.stringMatching(/quantized by HQQ, 4 bits.*GGUF/),
    });
    // left over from what the model was trained on
    await expectModel(await openCheckpoint([hqq, weights, tokenizer]), tensors);
  });

  test('numbers in quotes do not pass for missing ones', async () => {
    for (const change of [{ rms_norm_eps: '1e-5' }, { rope_theta: '1000000' }, { num_key_value_heads: '2' }]) {
      const files = [jsonSource({ ...json, ...change }, 'config.json'), weights, tokenizer];
      await expect(openCheckpoint(files)).rejects.toMatchObject({
        code: 'corrupt-file',
        message: expect.stringContaining(Object.keys(change)[0]),
      });
    }
    const nothing = jsonSource({ ...json, rope_theta: null, sliding_window: null }, 'config.json');
    await expectModel(await openCheckpoint([nothing, weights, tokenizer]), tensors);
  });

  test('an index may list what nobody needs: a tied head, rotary tables', async () => {
    const named = [...tensors.keys()];
    const index = (...more: string[]) => {
      const shards = [...named, ...more].map((name) => [name, 'model-00001-of-00001.safetensors']);
      return jsonSource({ weight_map: Object.fromEntries(shards) }, 'model.safetensors.index.json');
    };
    const shard = bytesSource(await weights.read(0, weights.size), 'model-00001-of-00001.safetensors');
    const rotary = 'model.layers.0.self_attn.rotary_emb.inv_freq';
    await expectModel(await openCheckpoint([settings, shard, index(rotary), tokenizer]), tensors);
    const without = new Map(tensors);
    without.delete('lm_head.weight');
    const headless = safetensors(Array.from(without, ([name, each]) => [name, halfSplit(name, each)] as const));
    const open = async (tied: boolean) => {
      const bytes = await headless.read(0, headless.size);
      const files = [bytesSource(bytes, shard.name), index(), tokenizer];
      return openCheckpoint([jsonSource({ ...json, tie_word_embeddings: tied }, 'config.json'), ...files]);
    };
    expect((await open(true)).config.tieWordEmbeddings).toBe(true);
    await expectModel(await open(true), without);
    // what is needed is still missed, by the name of its file
    const missing = { code: 'missing-tensor', message: expect.stringMatching(/00001-of-00001.*lm_head\.weight/) };
    await expect(open(false)).rejects.toMatchObject(missing);
    await expect(openCheckpoint([settings, shard, index('model.layers.7.x'), tokenizer])).rejects.toMatchObject({
      code: 'missing-tensor',
    });
  });

  test('one whole file goes before a stale index; where it is not whole, the index counts', async () => {
    const map = { 'model.norm.weight': 'model-00001-of-00002.safetensors' };
    const stale = jsonSource({ weight_map: map }, 'model.safetensors.index.json');
    await expectModel(await openCheckpoint([settings, stale, weights, tokenizer]), tensors);
    const [part] = Array.from(tensors, ([name, each]) => [name, halfSplit(name, each)] as const);
    const shard = bytesSource(await weights.read(0, weights.size), 'model-00001-of-00001.safetensors');
    const all = Object.fromEntries([...tensors.keys()].map((name) => [name, shard.name]));
    const index = jsonSource({ weight_map: all }, 'model.safetensors.index.json');
    await expectModel(await openCheckpoint([settings, index, shard, safetensors([part]), tokenizer]), tensors);
    await expect(openCheckpoint([settings, safetensors([part]), tokenizer])).rejects.toMatchObject({
      code: 'missing-tensor',
    });
  });
});
