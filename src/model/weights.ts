// Puts a model's tensors on the GPU: q|k|v and gate|up side by side, cut to what one binding may hold.
import { gainChange, layerNorms, type ModelConfig, POSITIONS } from '../core/model-config';
import { PronkError } from '../core/errors';
import { type Buffers, write } from '../gpu/buffers';
import type { Matrix, MatrixPart } from '../ops/matmul/weights';
import { codeBytes, scalesPerRow, type WeightKind, type WeightTensor } from '../core/weight-kinds';
import { dequantizeRows } from '../quant/repack';

/** What a norm multiplies by and, if it is a LayerNorm, adds. */
export interface Norm {
  /** [D] */
  readonly gain: GPUBuffer;
  /** [D] */
  readonly shift?: GPUBuffer;
}

/** The seven linear maps of a block (four after fusing) and its norms. */
interface LayerWeights {
  readonly attentionNorm: Norm;
  /** [(H + 2K) · d, D] */
  readonly qkv: Matrix;
  /** [2, d]: gains of the norms of q's and k's heads, where the model has them */
  readonly qkNorm: GPUBuffer | undefined;
  /** [D, H · d] */
  readonly output: Matrix;
  /** The norm behind attention, where there is one. */
  readonly attentionPostNorm: GPUBuffer | undefined;
  readonly feedForwardNorm: Norm;
  /** [2F, D], or [F, D] of the up projection where there is no gate */
  readonly gateUp: Matrix;
  /** [D, F] */
  readonly down: Matrix;
  /** The norm behind the feed-forward, where there is one. */
  readonly feedForwardPostNorm: GPUBuffer | undefined;
}

export interface Weights {
  /** [V, D] */
  readonly embedding: Matrix;
  /** [context + 2, D], f32, where positions are learned */
  readonly positions?: GPUBuffer;
  readonly layers: readonly LayerWeights[];
  readonly norm: Norm;
  /** [V, D]; the embedding itself where the head is tied */
  readonly head: Matrix;
}

/** Called with the bytes uploaded so far. */
export type UploadProgress = (bytes: number) => void;

/**
 * Uploads a model.
 * @param maxPartBytes a part of a matrix is cut at this even where the device would bind more
 * @throws PronkError `missing-tensor` when the directory lacks one that the configuration asks for; the signal's reason
 */
export async function uploadWeights(
  buffers: Buffers,
  config: ModelConfig,
  tensors: readonly WeightTensor[],
  onProgress: UploadProgress = () => {},
  maxPartBytes = Infinity,
  signal?: AbortSignal,
): Promise<Weights> {
  const directory = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  let uploaded = 0;
  const progress = (bytes: number) => {
    signal?.throwIfAborted();
    onProgress((uploaded += bytes));
  };
  const matrix = async (...names: string[]): Promise<Matrix> => {
    const found = names.map((name) => find(directory, name));
    const biases = names.map((name) => directory.get(name.replace(/weight$/, 'bias')));
    const stacked = await upload(buffers, found, progress, maxPartBytes);
    const bias = await stackedBias(buffers, found, biases, progress);
    return { ...stacked, ...bias };
  };
  /** The values of some vectors, one after the other. */
  const gains = async (...names: string[]) => {
    const tensors = names.map((name) => find(directory, name));
    const values = new Float32Array(tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0));
    let at = 0;
    for (const tensor of tensors) {
      const own = await vector(tensor, progress);
      const { offset, factor } = gainChange(config, tensor.name);
      own.forEach((value, i) => (values[at + i] = factor * (offset + value)));
      at += own.length;
    }
    return buffers.from('weights', values, names[0]);
  };
  const normOf = async (stem: string): Promise<Norm> => {
    const gain = await gains(`${stem}.weight`);
    return config.layerNorm ? { gain, shift: await gains(`${stem}.bias`) } : { gain };
  };
  const norms = layerNorms(config);
  const embedding = await matrix('model.embed_tokens.weight');
  const layers: LayerWeights[] = [];
  for (let i = 0; i < config.numLayers; i++) {
    const stem = (part: string) => `model.layers.${i}.${part}`;
    const name = (part: string) => `${stem(part)}.weight`;
    // reading one and uploading another go on at once
    const behind = (norm: string | undefined) => (norm === undefined ? undefined : gains(name(norm)));
    const [attentionNorm, qkv, qkNorm, output, attentionPostNorm, feedForwardNorm, gateUp, down, feedForwardPostNorm] =
      await together([
        normOf(stem(norms.attention)),
        matrix(name('self_attn.q_proj'), name('self_attn.k_proj'), name('self_attn.v_proj')),
        config.qkNorm && gains(name('self_attn.q_norm'), name('self_attn.k_norm')),
        matrix(name('self_attn.o_proj')),
        behind(norms.afterAttention),
        normOf(stem(norms.feedForward)),
        matrix(...(config.feedForward ? [] : [name('mlp.gate_proj')]), name('mlp.up_proj')),
        matrix(name('mlp.down_proj')),
        behind(norms.afterFeedForward),
      ]);
    layers.push({
      attentionNorm,
      qkv,
      qkNorm,
      output,
      attentionPostNorm,
      feedForwardNorm,
      gateUp,
      down,
      feedForwardPostNorm,
    });
  }
  const norm = await normOf('model.norm');
  const positions = config.learnedPositions && (await gains(POSITIONS));
  const head = config.tieWordEmbeddings ? embedding : await matrix('lm_head.weight');
  return { embedding, ...(positions && { positions }), layers, norm, head };
}

/** All results, or the first error once nothing is under way any more: whoever frees the buffers must be the last. */
async function together<T extends readonly unknown[]>(
  tasks: readonly [...{ [K in keyof T]: Promise<T[K]> | T[K] }],
): Promise<T> {
  await Promise.allSettled(tasks);
  return Promise.all(tasks) as unknown as Promise<T>;
}

function find(directory: ReadonlyMap<string, WeightTensor>, name: string): WeightTensor {
  const tensor = directory.get(name);
  if (!tensor)
    throw new PronkError(
      'missing-tensor',
      `The model has no tensor ${name}. Its files are incomplete: import it again.`,
    );
  return tensor;
}

/** The values of a vector, or of a matrix that is read as it is. */
async function vector(tensor: WeightTensor, progress: (bytes: number) => void): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(tensor.rows * tensor.columns);
  for await (const group of tensor.groups()) {
    values.set(dequantizeRows(group), group.rowStart * tensor.columns);
    progress(group.codes.byteLength + group.scales.byteLength);
  }
  return values;
}

/** The biases of matrices that are stacked, zero where one has none; nothing where none has. */
async function stackedBias(
  buffers: Buffers,
  matrices: readonly WeightTensor[],
  biases: readonly (WeightTensor | undefined)[],
  progress: (bytes: number) => void,
): Promise<Pick<Matrix, 'bias' | 'biasValues'>> {
  if (biases.every((bias) => bias === undefined)) return {};
  const stacked = new Float32Array(matrices.reduce((rows, matrix) => rows + matrix.rows, 0));
  let row = 0;
  for (const [i, { rows }] of matrices.entries()) {
    for await (const group of biases[i]?.groups() ?? []) {
      stacked.set(dequantizeRows(group), row);
      progress(group.codes.byteLength);
    }
    row += rows;
  }
  return { bias: buffers.from('weights', stacked, `${matrices[0].name} bias`), biasValues: stacked };
}

/** Rows that a part may hold: even, so that a part's scales start on a whole word. */
function rowLimit(kind: WeightKind, columns: number, limit: number): number {
  return Math.max(2, Math.floor(limit / codeBytes(kind, columns)) & ~1);
}

/** Bytes of the scales of rows that lie in the middle of a part: no padding. */
function unpaddedScaleBytes(kind: WeightKind, rows: number, columns: number): number {
  return rows * scalesPerRow(kind, columns) * 2;
}

/** Stacks tensors by rows; runs of one kind share parts. */
export async function upload(
  buffers: Buffers,
  tensors: readonly WeightTensor[],
  progress: (bytes: number) => void = () => {},
  maxPartBytes = Infinity,
): Promise<Matrix> {
  const { device } = buffers;
  const limit = Math.min(maxPartBytes, device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const columns = tensors[0].columns;
  const parts: MatrixPart[] = [];
  let total = 0;
  for (let i = 0; i < tensors.length; ) {
    const { kind, name } = tensors[i];
    let next = i;
    let rows = 0;
    while (next < tensors.length && tensors[next].kind === kind) rows += tensors[next++].rows;
    const most = rowLimit(kind, columns, limit);
    const run: MatrixPart[] = [];
    for (let start = 0; start < rows; start += most) {
      const count = Math.min(most, rows - start);
      const codes = buffers.storage('weights', count * codeBytes(kind, columns), name);
      const scales = unpaddedScaleBytes(kind, count, columns);
      run.push({
        kind,
        rowStart: total + start,
        rows: count,
        codes,
        ...(scales > 0 && { scales: buffers.storage('weights', scales, `${name} scales`) }),
      });
    }
    let row = total;
    for (const tensor of tensors.slice(i, next)) {
      for await (const group of tensor.groups()) {
        const { codes, scales } = group;
        fill(device, run, row + group.rowStart, group.rows, columns, codes, scales);
        progress(codes.byteLength + scales.byteLength);
      }
      row += tensor.rows;
    }
    parts.push(...run);
    total += rows;
    i = next;
  }
  return { rows: total, columns, parts };
}

/** Writes consecutive rows to the parts that hold them. */
function fill(
  device: GPUDevice,
  parts: readonly MatrixPart[],
  row: number,
  rows: number,
  columns: number,
  codes: Uint8Array,
  scales: Uint8Array,
): void {
  for (const part of parts) {
    const from = Math.max(row, part.rowStart);
    const to = Math.min(row + rows, part.rowStart + part.rows);
    if (from >= to) continue;
    const stride = codeBytes(part.kind, columns);
    const slice = (bytes: Uint8Array, size: number) => bytes.subarray((from - row) * size, (to - row) * size);
    write(device, part.codes as GPUBuffer, (from - part.rowStart) * stride, slice(codes, stride));
    if (part.scales) {
      const size = unpaddedScaleBytes(part.kind, 1, columns);
      write(device, part.scales as GPUBuffer, (from - part.rowStart) * size, slice(scales, size));
    }
  }
}
