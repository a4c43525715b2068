// MLX (mlx/ops.cpp of github.com/ml-explore/mlx, `quantize`) and transformers' Metal: codes of a row one after another from
// the lowest bit of its words on; code · scale + bias for each group of columns.

import type { Tensor } from '../../core/checkpoint';
import { unpackBits } from './bits';
import { gridTensor } from './grid';
import type { Parts } from './parts';

export interface MlxSettings {
  readonly bits: number;
  readonly group: number;
}

export function readMlx(parts: Parts, { bits, group }: MlxSettings): Tensor {
  const { main } = parts;
  const [rows, words] = main.shape;
  const columns = (words * 32) / bits;
  if (!(bits >= 2 && bits <= 8) || main.shape.length !== 2 || !Number.isInteger(columns) || columns % group) {
    throw parts.wrong(`${main.name} does not hold rows of ${bits} bits in groups of ${group}`);
  }
  const scales = parts.part('scales');
  const biases = parts.part(parts.has('biases') ? 'biases' : 'qbiases');
  const groups = columns / group;
  for (const each of [scales, biases]) parts.expectShape(each, rows, groups);
  return gridTensor(parts, {
    rows,
    columns,
    bits,
    group,
    symmetric: false,
    float: parts.floatType(scales),
    async read(start, end) {
      const [from, to] = [start * groups, end * groups];
      const [scale, offset] = [await parts.floats(scales), await parts.floats(biases)];
      const bytes = await parts.codes(start * words, end * words);
      // rows are whole words, so codes go on from one row to the next
      const codes = unpackBits(bytes, bits, (end - start) * columns);
      return { codes, scales: scale.subarray(from, to), offsets: offset.subarray(from, to) };
    },
  });
}
