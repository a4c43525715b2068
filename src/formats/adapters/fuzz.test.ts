// Damaged adapters of every kind: each is read, or fails with a named error.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PronkError } from '../../core/errors';
import { openCheckpoint } from '../checkpoint/open';
import { bytesSource } from '../../core/source';
import { jsonSource } from '../testing/containers';
import { mutate, randomFrom } from '../testing/mutate';
import { readAdapter, writeGgufAdapter, writeMlx } from './index';

const CASES = process.env['PRONK_LONG'] ? 20_000 : 1500;
const TOKENIZER = new TextEncoder().encode(
  '{"model": {"vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel"}}',
);
const load = (path: string) => new Uint8Array(readFileSync(`src/model/golden/${path}`));

const model = () => [
  bytesSource(load('tiny-llama.config.json'), 'config.json'),
  bytesSource(load('tiny-llama.safetensors'), 'model.safetensors'),
  bytesSource(TOKENIZER, 'tokenizer.json'),
];

test(`${CASES} damaged adapters`, { timeout: 600_000 }, async () => {
  const { config } = await openCheckpoint(model());
  const folder = (name: string, weights: string) => ({
    'adapter_config.json': load(`adapters/${name}/adapter_config.json`),
    [weights]: load(`adapters/${name}/${weights}`),
  });
  const sources = (set: Readonly<Record<string, Uint8Array<ArrayBuffer>>>) =>
    Object.entries(set).map(([name, bytes]) => bytesSource(bytes, `x/${name}`));
  const peft = folder('llama', 'adapter_model.safetensors');
  const adapter = await readAdapter(sources(peft), config);
  const whole = async (pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>) => {
    const all: Uint8Array<ArrayBuffer>[] = [];
    for await (const piece of pieces) all.push(piece);
    return new Uint8Array(await new Blob(all).arrayBuffer());
  };
  const mlx = await Promise.all(writeMlx(adapter, config).map(async ({ name, pieces }) => [name, await whole(pieces)]));
  const sets: Record<string, Uint8Array<ArrayBuffer>>[] = [
    peft,
    folder('llama-2023', 'adapter_model.bin'),
    folder('empty', 'adapter_model.bin'),
    folder('llama-dora', 'adapter_model.safetensors'),
    { ...folder('llama-whole', 'adapter_model.safetensors'), 'tokenizer.json': TOKENIZER },
    { 'adapter.gguf': await whole(writeGgufAdapter(adapter, config)) },
    Object.fromEntries(mlx) as Record<string, Uint8Array<ArrayBuffer>>,
  ];
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= CASES; seed++) {
    const random = randomFrom(seed);
    const set = sets[Math.floor(random() * sets.length)];
    const names = Object.keys(set);
    const victim = names[Math.floor(random() * names.length)];
    const files = sources({ ...set, [victim]: mutate(set[victim], random) });
    let outcome = 'read';
    try {
      const { pairs } = await readAdapter(files, config);
      for (const { a, b, rank, inputs, outputs, magnitude, bias } of pairs) {
        expect([a.length, b.length], `seed ${seed}`).toEqual([rank * inputs, outputs * rank]);
        for (const each of [magnitude, bias]) expect(each?.length ?? outputs, `seed ${seed}`).toBe(outputs);
      }
    } catch (error) {
      if (!(error instanceof PronkError))
        throw new Error(`seed ${seed}, ${victim}: not a named error`, { cause: error });
      expect(error.message, `seed ${seed}`).toMatch(/[.?]$/);
      outcome = error.code;
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  // damage that nothing notices would mean that nothing was damaged
  expect(outcomes.get('read')).toBeLessThan(0.6 * CASES);
  expect(outcomes.get('corrupt-file')).toBeGreaterThan(0.1 * CASES);
  console.log(Object.fromEntries([...outcomes].toSorted(([, a], [, b]) => b - a)));
});

test('configurations with every key wrong in turn', async () => {
  const config = (await openCheckpoint(model())).config;
  const wrong: readonly unknown[] = [null, true, -1, 1e99, 'x', '(', [], [1, 'y'], { q_proj: 'z' }, { '(a+)+': 2 }];
  for (const name of ['llama', 'llama-dora', 'llama-whole']) {
    const known = JSON.parse(new TextDecoder().decode(load(`adapters/${name}/adapter_config.json`))) as object;
    const weights = bytesSource(load(`adapters/${name}/adapter_model.safetensors`), 'x/adapter_model.safetensors');
    for (const key of [...Object.keys(known), 'bias', 'lora_bias']) {
      for (const value of wrong) {
        const json = jsonSource({ ...known, [key]: value }, 'x/adapter_config.json');
        await readAdapter([json, weights, bytesSource(TOKENIZER, 'x/tokenizer.json')], config).catch(
          (error: unknown) => {
            if (!(error instanceof PronkError))
              throw new Error(`${name} ${key} ${JSON.stringify(value)}`, { cause: error });
          },
        );
      }
    }
  }
});
