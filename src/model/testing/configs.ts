// What tools/golden/configs.py wrote: the tiny models under other configurations, as folders.
import { readFileSync } from 'node:fs';
import { openCheckpoint } from '../../formats/checkpoint/open';
import { readSafetensors, type SafetensorsInput, writeSafetensors } from '../../formats/safetensors/safetensors';
import { bytesSource, type Source } from '../../core/source';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly config: object;
  readonly biases: readonly string[];
  readonly without: readonly string[];
  readonly ids: readonly number[];
  readonly positions: readonly number[];
  readonly logits: readonly (readonly number[])[];
  /** What transformers says after `ids`, greedily and with its cache. */
  readonly generated?: readonly number[];
}

const read = (name: string) => readFileSync(new URL(`../golden/${name}`, import.meta.url));

export const configCases = JSON.parse(String(read('configs.json'))) as readonly Case[];

/** A case opened, perhaps with another configuration than the one that its logits are of. */
export async function openCase({ model, config, biases, without }: Case, change: object = {}) {
  const settings = { ...(JSON.parse(String(read(`${model}.config.json`))) as ConfigSizes), ...config, ...change };
  const { tensors } = await readSafetensors(bytesSource(read(`${model}.safetensors`), 'model.safetensors'));
  const kept: SafetensorsInput[] = [];
  for (const { name, dtype, shape, source, start, bytes } of tensors.values()) {
    if (!without.includes(name)) kept.push({ name, dtype, shape, bytes: await source.read(start, start + bytes) });
  }
  const pieces = writeSafetensors([...kept, ...biasTensors(settings, biases)]);
  return openCheckpoint([
    text(JSON.stringify(settings), 'config.json'),
    bytesSource(new Uint8Array(await new Blob(pieces).arrayBuffer()), 'model.safetensors'),
    text('{"model": {"vocab": {"a": 0}, "merges": []}}', 'tokenizer.json'),
  ]);
}

function text(value: string, name: string): Source {
  return bytesSource(new TextEncoder().encode(value), name);
}

interface ConfigSizes {
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly num_hidden_layers: number;
  readonly head_dim: number;
  readonly hidden_size: number;
}

/** Biases from the generator that the script has too. */
function biasTensors(sizes: ConfigSizes, stems: readonly string[]): SafetensorsInput[] {
  const { num_attention_heads: heads, num_key_value_heads: keys, head_dim: d, num_hidden_layers: layers } = sizes;
  const rows: Readonly<Record<string, number>> = {
    q_proj: heads * d,
    k_proj: keys * d,
    v_proj: keys * d,
    o_proj: sizes.hidden_size,
  };
  let state = 7;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  return Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    stems.map((stem) => {
      const values = Float32Array.from({ length: rows[stem] ?? 0 }, next);
      const name = `model.layers.${layer}.self_attn.${stem}.bias`;
      return { name, dtype: 'F32', shape: [values.length], bytes: new Uint8Array(values.buffer) };
    }),
  );
}
