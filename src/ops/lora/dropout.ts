// The dropout masks of training, bit for bit as shaders/lora/dropout.wgsl draws them: for references and checks.

/** What a mask depends on besides the column. */
export interface MaskOf {
  readonly seed: number;
  /** The optimizer's step. */
  readonly step: number;
  /** Key of the sequence. */
  readonly row: number;
  /** The token's position in its sequence. */
  readonly position: number;
  /** Number of the linear map in the model. */
  readonly module: number;
}

type Quad = [number, number, number, number];

/** pcg4d of Jarzynski & Olano 2020, "Hash Functions for GPU Rendering". */
function hash(counter: Quad): Quad {
  let [x, y, z, w] = counter.map((value) => (Math.imul(value, 1664525) + 1013904223) | 0) as Quad;
  const mix = () => {
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
  };
  mix();
  [x, y, z, w] = [x ^ (x >>> 16), y ^ (y >>> 16), z ^ (z >>> 16), w ^ (w >>> 16)];
  mix();
  return [x, y, z, w];
}

/**
 * What one token's inputs to a map are multiplied by: 1 / keep, or 0.
 * @param keep 1 − the probability of being dropped; 1 keeps everything
 * @returns [columns]
 */
export function dropoutMask(
  { seed, step, row, position, module }: MaskOf,
  columns: number,
  keep: number,
): Float64Array {
  const kept = Math.fround(keep);
  const key = hash([seed, step, 0, 0]);
  const quads = Array.from({ length: Math.ceil(columns / 4) }, (_, quad) =>
    hash([key[0] + row, key[1] + position, key[2] + module, key[3] + quad]),
  );
  return Float64Array.from({ length: columns }, (_, k) =>
    (quads[k >> 2][k & 3] >>> 8) * 2 ** -24 < kept ? 1 / kept : 0,
  );
}
