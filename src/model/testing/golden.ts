// What tools/golden/training.py wrote: the tiny models with a LoRA and its exact gradients, and PEFT's own run of 50 steps.
import { readFile } from 'node:fs/promises';
import type { LoraPair } from '../../core/adapter';
import type { Checkpoint } from '../../core/checkpoint';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { bytesSource } from '../../core/source';
import { dequantizeElements } from '../../quant/elements';
import { type Matrices, interleavedRows, pairsOf } from './peft';
import { readDoubles, readFloats } from './safetensors';
import type { TokenRow } from './batch';

const MODELS = new URL('../golden/', import.meta.url);
/** The run's files: `base/` opens as a model, `start/` and `<base>/adapter/` as PEFT adapters, `data.jsonl` as a dataset. */
export const RUN = new URL('../../training/golden/', import.meta.url);
const TOKENIZER = '{"model": {"vocab": {"a": 0}, "merges": []}}';

async function json<Type>(file: URL): Promise<Type> {
  return JSON.parse(String(await readFile(file))) as Type;
}

/** A checkpoint's values by name; rows of q and k are interleaved. */
export async function referenceWeights(checkpoint: Checkpoint): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const weights = new Map<string, Float32Array<ArrayBuffer>>();
  for (const { name, type, rows, readRows } of checkpoint.tensors.values()) {
    weights.set(name, dequantizeElements(type, await readRows(0, rows)));
  }
  return weights;
}

/** Models with a LoRA and its gradients. */
export const GOLDEN = [
  'tiny-llama',
  'tiny-qwen2',
  'tiny-mistral',
  'tiny-ministral3',
  'tiny-phi3',
  'tiny-gemma3',
  'tiny-qwen3',
  'tiny-smollm3',
  'tiny-opt',
  'tiny-qwen2-dora',
] as const;
export type GoldenModel = (typeof GOLDEN)[number];

/** Models that have the tensors of another one. */
export const WEIGHTS: Readonly<Partial<Record<string, GoldenModel>>> = { 'tiny-ministral3': 'tiny-llama' };

/** Gradients as PEFT has them: pairs that have one A together have its gradient, the sum of theirs. */
export function sharedGradients<B extends ArrayLike<number>>(
  pairs: readonly { readonly a: ArrayLike<number> }[],
  found: readonly { readonly a: ArrayLike<number>; readonly b: B; readonly magnitude?: B | undefined }[],
) {
  return found.map(({ b, magnitude }, i) => {
    const sharing = found.filter((_, j) => pairs[j].a === pairs[i].a);
    const a = Float64Array.from({ length: pairs[i].a.length }, (_, k) => sum(sharing.map((each) => each.a[k])));
    return { a, b, ...(magnitude && { magnitude }) };
  });
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/** A tiny model, a LoRA on it, and the gradients of the mean loss over `rows` in float64. */
export async function loraGolden(name: GoldenModel) {
  const file = (part: string) => new URL(`${name}.${part}`, MODELS);
  const model = name.replace('-dora', '');
  const weights = new URL(`${WEIGHTS[name] ?? model}.safetensors`, MODELS);
  const checkpoint = await openCheckpoint([
    bytesSource(await readFile(new URL(`${model}.config.json`, MODELS)), 'config.json'),
    bytesSource(await readFile(weights), 'model.safetensors'),
    bytesSource(Buffer.from(TOKENIZER), 'tokenizer.json'),
  ]);
  const { rows, targets, loss, scale } = await json<{
    rows: TokenRow[];
    targets: number;
    loss: number;
    scale: number;
  }>(file('lora.json'));
  const matrices = pairsOf(await readFloats(file('lora.safetensors')), checkpoint.config);
  const pairs: LoraPair[] = matrices.map((pair) => ({ ...pair, scale }));
  const gradients = pairsOf(await readDoubles(file('lora-gradients.safetensors')), checkpoint.config);
  return { checkpoint, config: checkpoint.config, rows, targets, loss, pairs, gradients };
}

/** One optimizer step of PEFT's run. */
export interface GoldenStep {
  /** Mean over the labelled tokens of the step's rows, before the update. */
  readonly loss: number;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  readonly targets: number;
}

interface RunFile {
  readonly training: {
    readonly learning_rate: number;
    readonly warmup_steps: number;
    readonly max_steps: number;
    readonly per_device_train_batch_size: number;
    readonly gradient_accumulation_steps: number;
    readonly max_grad_norm: number;
    readonly weight_decay: number;
    readonly adam_beta1: number;
    readonly adam_beta2: number;
    readonly adam_epsilon: number;
  };
  readonly lora: { readonly r: number; readonly lora_alpha: number };
  /** Rows by step and micro-batch. */
  readonly order: readonly (readonly (readonly number[])[])[];
  /** SHA-256 of each matrix's values (float32, little-endian, Hugging Face's row order) after Q4_0. */
  readonly q4: Readonly<Record<string, string>>;
}

/** PEFT's run in float32: base, data and start are the same for both; the base is taken as it is, or each matrix through Q4_0. */
export async function goldenRun(base: 'f32' | 'q4') {
  const run = await json<RunFile>(new URL('run.json', RUN));
  const checkpoint = await openCheckpoint(
    await Promise.all(
      ['config.json', 'model.safetensors', 'tokenizer.json'].map(async (name) =>
        bytesSource(await readFile(new URL(`base/${name}`, RUN)), name),
      ),
    ),
  );
  const { config } = checkpoint;
  const scale = run.lora.lora_alpha / run.lora.r;
  const adapter = async (folder: string): Promise<LoraPair[]> => {
    const file = new URL(`${folder}/adapter_model.safetensors`, RUN);
    return pairsOf(await readFloats(file), config).map((pair) => ({ ...pair, scale }));
  };
  const lines = String(await readFile(new URL('data.jsonl', RUN)))
    .trim()
    .split('\n');
  const merged = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [name, { shape, values }] of await readFloats(new URL(`${base}/merged.safetensors`, RUN))) {
    const rotated = /[qk]_proj/.test(name);
    merged.set(name, rotated ? interleavedRows(values, shape[1], config) : values);
  }
  const firstGradients: Matrices[] = pairsOf(
    await readFloats(new URL(`${base}/first-gradients.safetensors`, RUN)),
    config,
  );
  return {
    ...run,
    checkpoint,
    config,
    rows: lines.map((line) => JSON.parse(line) as TokenRow),
    start: await adapter('start'),
    log: await json<GoldenStep[]>(new URL(`${base}/log.json`, RUN)),
    /** Gradients of the first step's loss; those of A are zero, since B is. */
    firstGradients,
    end: await adapter(`${base}/adapter`),
    /** Matrices of the seven maps after merge_and_unload, rows of q and k interleaved. */
    merged,
  };
}
