// A matrix whose values are code · scale + offset, with a scale for each so many columns of a row: seen as blocks that keep
// the codes, or as floats where they are no whole blocks.

import type { Tensor } from '../../core/checkpoint';
import type { PackedType } from '../../core/weight-kinds';
import { PACKED_BLOCK, packedLayout } from '../../quant/packed';
import { floatBytes } from './floats';
import type { Parts } from './parts';

/** Rows of a grid. */
interface GridRows {
  /** A byte each, rows × columns, from 0 on. */
  readonly codes: Uint8Array;
  /** rows × groups */
  readonly scales: Float32Array;
  /** rows × groups: the value of code 0. */
  readonly offsets: Float32Array;
}

export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** Bits of a code, 8 at most. */
  readonly bits: number;
  /** Columns that share a scale. */
  readonly group: number;
  /** Whether the code in the middle stands for zero everywhere. */
  readonly symmetric: boolean;
  /** Type of the values where they are no whole blocks: what the library that wrote them computes. */
  readonly float: 'F32' | 'F16' | 'BF16';
  /** The group of each column, where groups are not columns that follow each other. */
  groupOf?(): Promise<Uint32Array>;
  read(start: number, end: number): Promise<GridRows>;
}

/** The tensor that a grid is. */
export function gridTensor(parts: Parts, grid: Grid): Tensor {
  const { rows, columns, group } = grid;
  const { source, start } = parts.main;
  const blocks = columns % PACKED_BLOCK === 0 && group % PACKED_BLOCK === 0 && !grid.groupOf;
  const type = blocks ? blockType(grid) : grid.float;
  const common = { name: parts.name, type, rows, columns, place: { file: source.name, start } };
  return {
    ...common,
    readRows: async (first, end) => {
      const read = await grid.read(first, end);
      if (blocks) return blockBytes(blockType(grid), grid, read);
      const groups = await grid.groupOf?.();
      return floatBytes(grid.float, values(grid, read, groups));
    },
  };
}

function blockType({ bits, symmetric }: Grid): PackedType {
  const few = bits <= 4;
  return symmetric ? (few ? 'S4' : 'S8') : few ? 'A4' : 'A8';
}

/** Bytes of blocks, where the code in the middle is 8, or 0 of signed ones. */
function blockBytes(type: PackedType, grid: Grid, { codes, scales, offsets }: GridRows) {
  const { columns, group } = grid;
  const middle = 2 ** (grid.bits - 1);
  const moved = (grid.bits <= 4 ? 8 : 0) - middle;
  const { bits, offset, bytes, head } = packedLayout(type);
  const count = codes.length / PACKED_BLOCK;
  const result = new Uint8Array(count * bytes);
  const view = new DataView(result.buffer);
  const groups = Math.ceil(columns / group);
  const perRow = columns / PACKED_BLOCK;
  const perGroup = group / PACKED_BLOCK;
  for (let block = 0; block < count; block++) {
    const [at, from] = [block * bytes, block * PACKED_BLOCK];
    const row = Math.floor(block / perRow);
    const index = row * groups + Math.floor((block % perRow) / perGroup);
    const scale = scales[index];
    view.setFloat32(at, scale, true);
    if (offset) view.setFloat32(at + 4, offsets[index] - moved * scale, true);
    const code = (j: number) => codes[from + j] + moved;
    if (bits === 8) for (let j = 0; j < PACKED_BLOCK; j++) result[at + head + j] = code(j);
    else for (let j = 0; j < 16; j++) result[at + head + j] = code(j) | (code(j + 16) << 4);
  }
  return result;
}

function values({ columns, group }: Grid, { codes, scales, offsets }: GridRows, groupOf?: Uint32Array) {
  const result = new Float32Array(codes.length);
  const groups = codes.length ? (scales.length * columns) / codes.length : 0;
  for (let i = 0; i < codes.length; i++) {
    const column = i % columns;
    const index = Math.floor(i / columns) * groups + (groupOf ? groupOf[column] : Math.floor(column / group));
    result[i] = codes[i] * scales[index] + offsets[index];
  }
  return result;
}
