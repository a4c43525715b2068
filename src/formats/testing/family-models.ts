// A small model in the layouts of the families' files, and what it has to be read as: for tests of containers and folders.
import { expect } from 'vitest';
import type { Checkpoint, Tensor } from '../../core/checkpoint';
import type { ModelConfig } from '../../core/model-config';
import { type Source, bytesSource } from '../../core/source';
import { toGgufName } from '../checkpoint/tensor-names';
import { toHalfSplit } from '../checkpoint/permute';
import { expectedTensors, optionalBiases } from '../config/llama-config';
import { writeSafetensors } from '../safetensors/safetensors';

const utf8 = new TextEncoder();
export const jsonSource = (json: object, name: string) => bytesSource(utf8.encode(JSON.stringify(json)), name);

export const tokenizer = jsonSource(
  { model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] }, added_tokens: [] },
  'tokenizer.json',
);

export const base = {
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  vocab_size: 7,
  rms_norm_eps: 1e-5,
  max_position_embeddings: 64,
};
export const config = {
  vocabSize: 7,
  hiddenSize: 12,
  intermediateSize: 20,
  numLayers: 2,
  numHeads: 4,
  numKeyValueHeads: 2,
  headDim: 6,
  tieWordEmbeddings: false,
} as ModelConfig;

export type Matrix = { readonly shape: readonly [number, number]; readonly bytes: Uint8Array<ArrayBuffer> };

/** A model in Pronk's own order: every element its own number. `more` changes its configuration. */
export function model(biases: readonly string[], more: Partial<ModelConfig> = {}): Map<string, Matrix> {
  const of = { ...config, ...more };
  const wanted = [...expectedTensors(of), ...optionalBiases(of)];
  let next = 0;
  return new Map(
    wanted
      .filter(([name]) => name.endsWith('.weight') || biases.some((stem) => name.includes(stem)))
      .map(([name, shape]) => {
        const values = Float32Array.from({ length: shape[0] * shape[1] }, () => next++);
        return [name, { shape, bytes: new Uint8Array(values.buffer) }];
      }),
  );
}

const isRotated = (name: string) => /\.[qk]_(proj|norm)\./.test(name);

export function halfSplit(name: string, { shape, bytes }: Matrix): Matrix {
  if (!isRotated(name)) return { shape, bytes };
  return { shape, bytes: toHalfSplit(bytes, shape[0] === 1 ? 4 : shape[1] * 4, config) };
}

export function safetensors(tensors: Iterable<readonly [string, Matrix]>): Source {
  const pieces = writeSafetensors(
    Array.from(tensors, ([name, { shape, bytes }]) => ({
      name,
      dtype: 'F32',
      shape: shape[0] === 1 ? [shape[1]] : shape,
      bytes,
    })),
  );
  return bytesSource(Uint8Array.from(pieces.flatMap((piece) => Array.from(piece))), 'model.safetensors');
}

/** A GGUF file with the least that one needs. */
export function gguf(
  architecture: string,
  tensors: ReadonlyMap<string, Matrix>,
  more: Record<string, number> = {},
): Source {
  const out: number[] = [];
  const le = (value: number, bytes: number) => {
    for (let i = 0; i < bytes; i++) out.push(Math.floor(value / 2 ** (8 * i)) % 256);
  };
  const text = (value: string) => {
    const bytes = utf8.encode(value);
    le(bytes.length, 8);
    out.push(...bytes);
  };
  const numbers = {
    embedding_length: config.hiddenSize,
    feed_forward_length: config.intermediateSize,
    block_count: config.numLayers,
    context_length: 64,
    'attention.head_count': config.numHeads,
    'attention.head_count_kv': config.numKeyValueHeads,
    'attention.key_length': config.headDim,
    ...more,
  };
  const strings = { 'general.architecture': architecture, 'tokenizer.ggml.model': 'gpt2' };
  out.push(...utf8.encode('GGUF'));
  le(3, 4);
  le(tensors.size, 8);
  le(Object.keys(numbers).length + Object.keys(strings).length + 2, 8);
  for (const [key, value] of Object.entries(strings)) {
    text(key);
    le(8, 4);
    text(value);
  }
  for (const [key, value] of Object.entries(numbers)) {
    text(`${architecture}.${key}`);
    le(4, 4);
    le(value, 4);
  }
  text('tokenizer.ggml.tokens');
  le(9, 4);
  le(8, 4);
  le(2, 8);
  text('a');
  text('b');
  text('tokenizer.ggml.merges');
  le(9, 4);
  le(8, 4);
  le(0, 8);
  let offset = 0;
  for (const [name, { shape, bytes }] of tensors) {
    text(toGgufName(name)!);
    const sizes = shape[0] === 1 ? [shape[1]] : shape.toReversed();
    le(sizes.length, 4);
    for (const size of sizes) le(size, 8);
    le(0, 4);
    le(offset, 8);
    offset += Math.ceil(bytes.length / 32) * 32;
  }
  while (out.length % 32) out.push(0);
  for (const { bytes } of tensors.values()) {
    out.push(...bytes);
    while (out.length % 32) out.push(0);
  }
  return bytesSource(Uint8Array.from(out), `${architecture}.gguf`);
}

export async function expectModel(checkpoint: Checkpoint, expected: ReadonlyMap<string, Matrix>) {
  expect([...checkpoint.tensors.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  for (const [name, { shape, bytes }] of expected) {
    const tensor = checkpoint.tensors.get(name) as Tensor;
    expect([tensor.rows, tensor.columns], name).toEqual(shape);
    expect(Buffer.compare(await tensor.readRows(0, tensor.rows), bytes), name).toBe(0);
    const [start, end] = [Math.floor(tensor.rows / 4), Math.ceil(tensor.rows / 2)];
    const rowBytes = bytes.length / tensor.rows;
    expect(await tensor.readRows(start, end), name).toEqual(bytes.slice(start * rowBytes, end * rowBytes));
  }
}
