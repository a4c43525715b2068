// Damaged files of every kind: each either opens, or fails with a named error; nothing hangs, and no more is read than is
// there. `npm run test:long` does 40,000; `npm test` a seeded sample.
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createTokenizer } from '../tokenizer/index';
import { PronkError } from '../core/errors';
import { openCheckpoint, openTokenizer } from './checkpoint/open';
import { convertRows } from './checkpoint/weights';
import { storedKind } from '../quant/elements';
import { type Source, bytesSource } from '../core/source';
import { mutate, randomFrom } from './testing/mutate';
import { TALES, TALES_CHAT } from '../testing/fixtures';

const CASES = process.env['PRONK_LONG'] ? 40_000 : 3000;
/** On a busy machine; a hang is far longer. */
const PATIENCE_MS = 10_000;
const GOLDEN = 'src/formats/golden';

type FileSet = Readonly<Record<string, Uint8Array>>;

const load = (folder: string, ...names: string[]): FileSet =>
  Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))]));
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** Whole models, and files that only begin to be one. */
function fileSets(): FileSet[] {
  const tokenizer = {
    version: '1.0',
    added_tokens: [{ id: 3, content: '</s>', special: true }],
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
  };
  const small = { 'tokenizer.json': json(tokenizer), 'tokenizer_config.json': json({ eos_token: '</s>' }) };
  const torch = readdirSync(GOLDEN).filter((name) => /\.(pt|bin)$/.test(name));
  const config = json({ model_type: 'llama', hidden_size: 8, num_attention_heads: 2, num_hidden_layers: 1 });
  const sets: FileSet[] = [
    ...torch.map((name) => ({ ...load(GOLDEN, name), 'config.json': config, ...small })),
    {
      ...load(GOLDEN, 'meta-consolidated.00.pth', 'meta-consolidated.01.pth'),
      'params.json': load(GOLDEN, 'meta-params.json')['meta-params.json'],
      ...small,
    },
  ];
  const index = json({ metadata: {}, weight_map: { 'lm_head.weight': 'model.safetensors' } });
  return [
    ...sets,
    load(TALES, 'tales-f16.gguf'),
    load(GOLDEN, 'every-type.gguf'),
    load(TALES, 'config.json', 'model.safetensors', 'tokenizer.model'),
    { ...load(TALES, 'config.json', 'model.safetensors'), 'model.safetensors.index.json': index, ...small },
    { ...load(TALES, 'tokenizer.model'), 'added_tokens.json': json({ '[PAD]': 512 }) },
    ...['nf4-nested', 'int8', 'gptq-ordered', 'awq', 'mlx-8', 'fp8-blocks', 'compressed-4-asymmetric'].map((name) => ({
      ...load(`${GOLDEN}/quantized/${name}`, 'config.json', 'model.safetensors'),
      ...small,
    })),
    load(TALES_CHAT, 'config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'),
  ];
}

/** Counts what is read. */
function counted(source: Source, count: (bytes: number) => void): Source {
  return {
    ...source,
    async read(start, end) {
      count(end - start);
      return source.read(start, end);
    },
  };
}

async function use(files: readonly Source[]): Promise<void> {
  const checkpoint = await openCheckpoint(files);
  for (const tensor of checkpoint.tensors.values()) {
    convertRows(tensor, storedKind(tensor.type), await tensor.readRows(tensor.rows - 1, tensor.rows), 1);
  }
  createTokenizer(checkpoint.tokenizer).encode('Hello, world');
}

const useTokenizer = async (files: readonly Source[]) =>
  void createTokenizer(await openTokenizer(files)).encode('Hello, world');

test(`${CASES} damaged models`, { timeout: 3_600_000 }, async () => {
  const sets = fileSets();
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= CASES; seed++) {
    const random = randomFrom(seed);
    const set = sets[Math.floor(random() * sets.length)];
    const names = Object.keys(set);
    const victim = names[Math.floor(random() * names.length)];
    let read = 0;
    const files = names.map((name) => {
      const bytes = name === victim ? mutate(set[name], random) : set[name];
      return counted(bytesSource(bytes, `model/${name.replace('meta-', '')}`), (count) => (read += count));
    });
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const before = performance.now();
    const label = `seed ${seed}, ${victim}`;
    let outcome = 'opened';
    try {
      await (random() < 0.8 ? use : useTokenizer)(files);
    } catch (error) {
      if (!(error instanceof PronkError)) throw new Error(`${label}: not a named error`, { cause: error });
      expect(error.message, label).toMatch(/[.?]$/);
      outcome = error.code;
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    expect(performance.now() - before, label).toBeLessThan(PATIENCE_MS);
    expect(read, label).toBeLessThan(8 * size + (1 << 20));
  }
  // damage that nothing notices would mean that nothing was damaged
  const opened = outcomes.get('opened') ?? 0;
  expect(opened).toBeLessThan(0.7 * CASES);
  expect(outcomes.get('corrupt-file')).toBeGreaterThan(0.1 * CASES);
  console.log(Object.fromEntries([...outcomes].toSorted(([, a], [, b]) => b - a)));
});
