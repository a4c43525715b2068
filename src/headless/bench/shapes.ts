// Models of a published shape with made-up weights: speed does not depend on the values.
import type { ModelConfig } from '../../core/model-config';
import { expectedTensors } from '../../formats/config/llama-config';
import { groupRows, MAX_GROUP_BYTES, type Quantize } from '../../formats/checkpoint/weights';
import { codeBytes, fitsKind, scaleBytes, type WeightKind, type WeightTensor } from '../../core/weight-kinds';

type Shape = Pick<
  ModelConfig,
  | 'vocabSize'
  | 'hiddenSize'
  | 'intermediateSize'
  | 'numLayers'
  | 'numHeads'
  | 'numKeyValueHeads'
  | 'headDim'
  | 'tieWordEmbeddings'
>;

function shape(
  [vocabSize, hiddenSize, intermediateSize, numLayers, numHeads, numKeyValueHeads]: [
    number,
    number,
    number,
    number,
    number,
    number,
  ],
  tieWordEmbeddings = false,
): Shape {
  return {
    vocabSize,
    hiddenSize,
    intermediateSize,
    numLayers,
    numHeads,
    numKeyValueHeads,
    headDim: hiddenSize / numHeads,
    tieWordEmbeddings,
  };
}

/** Shapes from the models' published config.json. */
export const SHAPES = {
  'pronk-6m': shape([3072, 288, 768, 6, 9, 3], true),
  'smollm2-135m': shape([49_152, 576, 1536, 30, 9, 3], true),
  'llama-3.2-1b': shape([128_256, 2048, 8192, 16, 32, 8], true),
  'tinyllama-1.1b': shape([32_000, 2048, 5632, 22, 32, 4]),
  'llama-7b': shape([32_000, 4096, 11_008, 32, 32, 32]),
  'llama-3-8b': shape([128_256, 4096, 14_336, 32, 32, 8]),
};

export type ShapeName = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as ShapeName[];

/** A configuration and its tensors, in `kind` wherever that fits. */
export function synthetic(name: Shape, quantize: Quantize): { config: ModelConfig; tensors: WeightTensor[] } {
  const config: ModelConfig = {
    architecture: 'llama',
    contextLength: 4096,
    rmsNormEps: 1e-5,
    ropeTheta: 10_000,
    ...name,
  };
  const kind = quantize === 'keep' ? 'q4' : quantize;
  const tensors = Array.from(expectedTensors(config), ([tensor, [rows, columns]]) =>
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
