// The golden models of src/model/golden as folders and files, and how far what comes back is from transformers.
import { readFileSync } from 'node:fs';
import type { Checkpoint } from '../../../core/checkpoint';
import type { ModelConfig } from '../../../core/model-config';
import { bytesSource, type Source } from '../../../core/source';
import { openCheckpoint } from '../../../formats/checkpoint/open';
import { weightTensors } from '../../../formats/checkpoint/weights';
import { llamaReference } from '../../../model/reference/llama';
import { referenceWeights } from '../../../model/testing/golden';
import { relative } from '../../../ops/testing/numbers';
import { exportGguf } from '../gguf';
import { huggingFaceFiles } from '../hf';
import { sourceOf, sourcesOf } from '../../../formats/testing/pieces';

const VOCABULARY = 131;
/** A file of the golden models. */
export const read = (name: string, as = name) => bytesSource(readFileSync(`src/model/golden/${name}`), as);
const PIECES =
  '{"model": {"vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}}';

/** A golden model. */
export const opened = (name: string) =>
  openCheckpoint([
    read(`${name}.config.json`, 'config.json'),
    read(`${name}.safetensors`, 'model.safetensors'),
    bytesSource(new TextEncoder().encode(PIECES), 'tokenizer.json'),
  ]);

/** Its Hugging Face folder. */
export async function folderOf(of: Checkpoint, config: ModelConfig): Promise<Source[]> {
  const files = huggingFaceFiles(config, of.tokenizer, weightTensors(of, 'keep'), 'f32');
  return sourcesOf(files);
}

/** Its GGUF file. */
export const ggufOf = async (of: Checkpoint, config: ModelConfig) =>
  sourceOf(exportGguf(config, of.tokenizer, weightTensors(of, 'keep'), { name: 'x' }), 'x.gguf');

/** How far a checkpoint's logits are from transformers' of the golden model. */
export async function off(name: string, checkpoint: Checkpoint, weights?: Map<string, Float32Array>): Promise<number> {
  const golden = JSON.parse(String(readFileSync(`src/model/golden/${name}.logits.json`))) as {
    ids: number[];
    positions: number[];
    logits: number[][];
  };
  const logits = llamaReference(checkpoint.config, weights ?? (await referenceWeights(checkpoint)), golden.ids);
  const rows = golden.positions.flatMap((t) => [...logits.subarray(t * VOCABULARY, (t + 1) * VOCABULARY)]);
  return relative(rows, golden.logits.flat());
}
