// Golden files of numbers: a safetensors file's tensors, in float32 or float64 as it has them.
import { readFile } from 'node:fs/promises';
import { readSafetensors } from '../../formats/safetensors/safetensors';
import { bytesSource } from '../../core/source';

export interface GoldenTensor<Values = Float32Array<ArrayBuffer>> {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Values;
}

/** A file of F32 tensors by name. */
export function readFloats(file: URL): Promise<Map<string, GoldenTensor>> {
  return readAll(file, 'F32', (bytes) => new Float32Array(bytes.buffer));
}

/** A file of F64 tensors by name. */
export function readDoubles(file: URL): Promise<Map<string, GoldenTensor<Float64Array<ArrayBuffer>>>> {
  return readAll(file, 'F64', (bytes) => new Float64Array(bytes.buffer));
}

async function readAll<Values>(file: URL, type: string, view: (bytes: Uint8Array<ArrayBuffer>) => Values) {
  const { tensors } = await readSafetensors(bytesSource(await readFile(file), file.pathname));
  const read = new Map<string, GoldenTensor<Values>>();
  for (const { name, dtype, shape, source, start, bytes } of tensors.values()) {
    if (dtype !== type) throw new Error(`${name} in ${file.pathname} is ${dtype}, not ${type}`);
    read.set(name, { shape, values: view(await source.read(start, start + bytes)) });
  }
  return read;
}
