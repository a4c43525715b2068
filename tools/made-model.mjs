// Models that no one trained, as Hugging Face files: for tests and benchmarks of what is done with files.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Values repeat after this many; the first of each block is its own, so that no two blocks are alike. */
const BLOCK = 1 << 20;

/**
 * Writes config.json, model.safetensors (F32) and tokenizer.model into a folder; their paths, in this order.
 * @param {object} config of a LLaMA with a tied head
 * @param {string} tokenizer path of a SentencePiece model with no more pieces than the vocabulary
 */
export function makeModel(folder, config, tokenizer, seed = 1) {
  const { hidden_size: D, intermediate_size: F, vocab_size: V, num_hidden_layers: L } = config;
  const shapes = [['model.embed_tokens.weight', [V, D]]];
  for (let layer = 0; layer < L; layer++) {
    const add = (part, shape) => shapes.push([`model.layers.${layer}.${part}.weight`, shape]);
    for (const part of ['q', 'k', 'v', 'o']) add(`self_attn.${part}_proj`, [D, D]);
    add('mlp.gate_proj', [F, D]);
    add('mlp.up_proj', [F, D]);
    add('mlp.down_proj', [D, F]);
    add('input_layernorm', [D]);
    add('post_attention_layernorm', [D]);
  }
  shapes.push(['model.norm.weight', [D]]);
  let end = 0;
  const header = {};
  for (const [name, shape] of shapes) {
    const start = end;
    end += shape.reduce((product, size) => product * size, 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  const values = new Float32Array(BLOCK);
  let state = seed;
  for (let i = 0; i < BLOCK; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 32 / 16 - 1 / 32;
  }
  const paths = ['config.json', 'model.safetensors', 'tokenizer.model'].map((name) => join(folder, name));
  const file = openSync(paths[1], 'w');
  writeSync(file, size);
  writeSync(file, json);
  for (let at = 0; at < end; at += values.byteLength) {
    values[0] = at / end / 32;
    writeSync(file, Buffer.from(values.buffer, 0, Math.min(values.byteLength, end - at)));
  }
  closeSync(file);
  writeFileSync(paths[0], JSON.stringify(config));
  writeFileSync(paths[2], readFileSync(tokenizer));
  return paths;
}
