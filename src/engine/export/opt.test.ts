// OPT through its exports and back, under the names that it has in files.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesSource, readText } from '../../core/source';
import { writeGgufAdapter } from '../../formats/adapters/index';
import { readPeft, writePeft } from '../../formats/adapters/peft';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { readSafetensors } from '../../formats/safetensors/safetensors';
import { loraGolden, referenceWeights } from '../../model/testing/golden';
import { folderOf, ggufOf, off, opened, read } from './testing/golden-folders';
import { sourceOf } from '../../formats/testing/pieces';

describe('OPT', async () => {
  const checkpoint = await opened('tiny-opt');
  const { config } = checkpoint;

  test('is what transformers computes, over 256 tokens', async () => {
    expect(await off('tiny-opt', checkpoint)).toBeLessThan(1e-5);
    const shifted = new Map(await referenceWeights(checkpoint));
    const positions = shifted.get('model.embed_positions.weight')!;
    shifted.set('model.embed_positions.weight', positions.copyWithin(0, config.hiddenSize));
    expect(await off('tiny-opt', checkpoint, shifted)).toBeGreaterThan(1e-2);
  });

  test('a folder, under its own names', async () => {
    const files = await folderOf(checkpoint, config);
    const json: unknown = JSON.parse(await readText(files.find((file) => file.name === 'config.json')!));
    expect(json).toMatchObject({ model_type: 'opt', architectures: ['OPTForCausalLM'], ffn_dim: 44 });
    const { tensors } = await readSafetensors(files.find((file) => file.name === 'model.safetensors')!);
    const original = await readSafetensors(read('tiny-opt.safetensors'));
    expect([...tensors.keys()].toSorted()).toEqual([...original.tensors.keys()].toSorted());
    const back = await openCheckpoint(files);
    expect(back.config).toEqual(config);
    expect(await off('tiny-opt', back)).toBeLessThan(1e-5);
  });

  test('no GGUF file, and no model that normalizes behind its layers', async () => {
    await expect(ggufOf(checkpoint, config)).rejects.toMatchObject({
      code: 'unsupported-format',
      message: expect.stringMatching(/OPT.*safetensors/),
    });
    const json = JSON.parse(String(readFileSync('src/model/golden/tiny-opt.config.json'))) as object;
    for (const each of [
      { ...json, do_layer_norm_before: false },
      { ...json, activation_function: 'gelu' },
    ]) {
      const file = bytesSource(new TextEncoder().encode(JSON.stringify(each)), 'config.json');
      const weights = read('tiny-opt.safetensors', 'model.safetensors');
      await expect(openCheckpoint([file, weights])).rejects.toMatchObject({ code: 'unsupported-architecture' });
    }
  });

  test('a LoRA adapter as PEFT has it, there and back', async () => {
    const { pairs } = await loraGolden('tiny-opt');
    const adapter = { name: 'a', config: { base_model_name_or_path: '', lora_dropout: 0 }, pairs } as never;
    const files = writePeft(adapter, config);
    const [json, weights] = await Promise.all(files.map(({ pieces, name }) => sourceOf(pieces, name)));
    const { tensors } = await readSafetensors(weights);
    const golden = await readSafetensors(read('tiny-opt.lora.safetensors'));
    expect([...tensors.keys()].toSorted()).toEqual([...golden.tensors.keys()].toSorted());
    const text = JSON.parse(await readText(json)) as { target_modules: string[] };
    expect(text.target_modules.toSorted()).toEqual(['fc1', 'fc2', 'k_proj', 'out_proj', 'q_proj', 'v_proj']);
    const refused = expect.objectContaining({ code: 'unsupported-format' }) as Error;
    expect(() => writeGgufAdapter(adapter, config)).toThrow(refused);
    const back = await readPeft({ name: 'adapter_config.json', json: text as never }, weights, config, 'a');
    expect(back.pairs.map(({ map, b }) => [map, b])).toEqual(pairs.map(({ map, b }) => [map, b]));
  });
});
