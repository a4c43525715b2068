// Models of a published shape with made-up weights: speed does not depend on the values.
import type { ModelConfig } from '../../core/model-config';
import { expectedTensors, optionalBiases } from '../../formats/config/llama-config';
import { groupRows, MAX_GROUP_BYTES, type Quantize } from '../../formats/checkpoint/weights';
import { codeBytes, fitsKind, scaleBytes, type WeightKind, type WeightTensor } from '../../core/weight-kinds';
import shapes from './shapes.json';

/** A pattern of the projections that have biases in Qwen2. */
const QKV = /\.[qkv]_proj\./;

/** The part of a model's configuration that differs between shapes; context length and epsilon are the same for all. */
type Shape = Omit<ModelConfig, 'contextLength' | 'rmsNormEps'>;

/** Shapes from the models' published config.json, in a file that the comparison with other programs reads too. */
export const SHAPES = shapes as Record<keyof typeof shapes, Shape>;

export type ShapeName = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as ShapeName[];

/** A configuration and its tensors, in `kind` wherever that fits. */
export function synthetic(shape: Shape, quantize: Quantize): { config: ModelConfig; tensors: WeightTensor[] } {
  const config: ModelConfig = { contextLength: 8192, rmsNormEps: 1e-5, ...shape };
  const kind = quantize === 'keep' ? 'q4' : quantize;
  const biases = Array.from(optionalBiases(config)).filter(
    ([name]) => config.architecture === 'qwen2' && QKV.test(name),
  );
  const tensors = Array.from([...expectedTensors(config), ...biases], ([tensor, [rows, columns]]) =>
    made(tensor, rows === 1 ? 'f32' : fitsKind(kind, columns) ? kind : 'f16', rows, columns),
  );
  return { config, tensors };
}

function made(name: string, kind: WeightKind, rows: number, columns: number): WeightTensor {
  const step = groupRows(kind, columns, MAX_GROUP_BYTES);
  return {
    name,
    kind,
    rows,
    columns,
    async *groups() {
      for (let rowStart = 0; rowStart < rows; rowStart += step) {
        const count = Math.min(step, rows - rowStart);
        const codes = filled(count * codeBytes(kind, columns), kind);
        const scales = halves(scaleBytes(kind, count, columns));
        yield { kind, rowStart, rows: count, columns, codes, scales };
      }
    },
  };
}

/** Codes that decode to small finite numbers. */
function filled(bytes: number, kind: WeightKind): Uint8Array<ArrayBuffer> {
  if (kind === 'f32')
    return new Uint8Array(Float32Array.from({ length: bytes / 4 }, (_, i) => 0.5 + (i % 5) / 8).buffer);
  if (kind === 'f16' || kind === 'bf16') return halves(bytes);
  const codes = new Uint32Array(bytes / 4);
  let state = 0x9e3779b9;
  for (let i = 0; i < codes.length; i++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    codes[i] = state;
  }
  return new Uint8Array(codes.buffer);
}

/** f16 values about 0.002, alternating in sign by 97 so that sums stay small. */
function halves(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint16Array.from({ length: bytes / 2 }, (_, i) => 0x1800 | ((i % 97) & 1 ? 0x8000 : 0)).buffer);
}
