// bitsandbytes (functional.py and backends/default/ops.py of github.com/bitsandbytes-foundation/bitsandbytes). 4 bits: codes
// of a table for each 64 elements of the flattened matrix, two to a byte, the first one in the high half; the largest
// magnitude of each block in f32, or as codes of 8 bits for each 256 blocks, beside their mean. 8 bits: int8 for each
// row, whose largest magnitude is `SCB`.

import type { Tensor } from '../../core/checkpoint';
import { CODE_TABLES } from '../../core/code-tables';
import { isObject, numberIn, parseObject } from '../../core/json';
import { PACKED_BLOCK, packedLayout } from '../../quant/packed';
import { floatTensor, type FloatType } from './floats';
import { gridTensor } from './grid';
import type { Parts } from './parts';

const SCALE_OF_INT8 = Math.fround(1 / 127);

/** What `quant_state` says of a matrix. */
interface State {
  readonly shape: readonly [number, number];
  readonly block: number;
  readonly nestedBlock: number;
  readonly nestedOffset: number;
}

/** What a matrix of 4-bit codes needs to be read. */
interface Codebook {
  readonly table: Float32Array;
  /** Largest magnitude of each block. */
  readonly magnitudes: Float32Array;
  readonly block: number;
}

/**
 * @param shape of the matrix, where the configuration says it; else it is read
 * @param type of the values: what the library computes with
 */
export async function readFourBits(
  parts: Parts,
  known: readonly [number, number] | undefined,
  type: FloatType,
): Promise<Tensor> {
  const shape = known ?? (await stateOf(parts)).shape;
  const [rows, columns] = shape;
  if (parts.main.dtype !== 'U8') throw parts.wrong(`${parts.name} is not stored in bytes`);
  if (parts.count(parts.main) !== Math.ceil((rows * columns) / 2)) {
    throw parts.wrong(`${parts.name} has ${parts.count(parts.main)} bytes for ${rows} × ${columns} codes of 4 bits`);
  }
  if (isNormalFloat(parts) && columns % PACKED_BLOCK === 0) return normalFloats(parts, shape);
  return floatTensor(parts, type, shape, async (start, end) => {
    const book = await parts.once('codebook', () => codebook(parts, shape));
    const [from, to] = [start * columns, end * columns];
    return decoded(await parts.codes(from >> 1, (to + 1) >> 1), from, to, book);
  });
}

const isNormalFloat = (parts: Parts) => parts.has('weight.quant_state.bitsandbytes__nf4');

/** NormalFloat codes as blocks that keep them: bitsandbytes' blocks are larger, and in whole rows no block is across two. */
function normalFloats(parts: Parts, shape: readonly [number, number]): Tensor {
  const [rows, columns] = shape;
  const { source, start: place } = parts.main;
  return {
    name: parts.name,
    type: 'N4',
    rows,
    columns,
    place: { file: source.name, start: place },
    async readRows(start, end) {
      const { table, magnitudes, block } = await parts.once('codebook', () => codebook(parts, shape));
      if (block % PACKED_BLOCK || table.some((value, code) => value !== CODE_TABLES.nf[code])) {
        throw parts.wrong(`${parts.name} has a table or blocks that are not NF4's`);
      }
      const [from, to] = [start * columns, end * columns];
      const bytes = await parts.codes(from / 2, to / 2);
      return packedNibbles(bytes, (index) => magnitudes[Math.floor((from + index * PACKED_BLOCK) / block)]);
    },
  };
}

/** Bytes with the first code in the high half, as blocks. */
function packedNibbles(bytes: Uint8Array, scaleOf: (block: number) => number) {
  const { bytes: size, head } = packedLayout('N4');
  const count = (bytes.length * 2) / PACKED_BLOCK;
  const result = new Uint8Array(count * size);
  const view = new DataView(result.buffer);
  for (let block = 0; block < count; block++) {
    const [at, from] = [block * size, block * (PACKED_BLOCK / 2)];
    view.setFloat32(at, scaleOf(block), true);
    for (let j = 0; j < 8; j++) {
      const [low, high] = [bytes[from + j], bytes[from + j + 8]];
      result[at + head + 2 * j] = (low >> 4) | (high & 0xf0);
      result[at + head + 2 * j + 1] = (low & 15) | ((high & 15) << 4);
    }
  }
  return result;
}

function decoded(bytes: Uint8Array, from: number, to: number, { table, magnitudes, block }: Codebook) {
  const result = new Float32Array(to - from);
  const first = from >> 1;
  for (let i = from; i < to; i++) {
    const byte = bytes[(i >> 1) - first];
    result[i - from] = table[i & 1 ? byte & 15 : byte >> 4] * magnitudes[Math.floor(i / block)];
  }
  return result;
}

async function codebook(parts: Parts, [rows, columns]: readonly [number, number]): Promise<Codebook> {
  const { shape, block, nestedBlock, nestedOffset } = await stateOf(parts);
  if (shape[0] !== rows || shape[1] !== columns) {
    throw parts.wrong(`${parts.name} says that it is ${shape.join(' × ')}, and the model needs ${rows} × ${columns}`);
  }
  const table = await parts.floats(parts.part('weight.quant_map'));
  if (table.length !== 16) throw parts.wrong(`the table of ${parts.name} has ${table.length} values, not 16`);
  const blocks = Math.ceil((rows * columns) / block);
  const largest = parts.part('weight.absmax');
  parts.expectShape(largest, blocks);
  if (!parts.has('weight.nested_absmax')) return { table, magnitudes: await parts.floats(largest), block };
  const outer = parts.part('weight.nested_absmax');
  parts.expectShape(outer, Math.ceil(blocks / nestedBlock));
  const map = parts.part('weight.nested_quant_map');
  parts.expectShape(map, 256);
  const [codes, values, scales] = [await parts.bytes(largest), await parts.floats(map), await parts.floats(outer)];
  const magnitudes = Float32Array.from(
    codes,
    (code, i) => Math.fround(values[code] * scales[Math.floor(i / nestedBlock)]) + nestedOffset,
  );
  return { table, magnitudes, block };
}

/** JSON in a tensor of bytes. */
async function stateOf(parts: Parts): Promise<State> {
  const entry = parts.partLike('weight.quant_state.');
  if (!entry) throw parts.wrong(`the tensor ${parts.name}.quant_state is missing`);
  const state = parseObject(new TextDecoder().decode(await parts.bytes(entry)), `${entry.source.name} (${entry.name})`);
  const shape: readonly unknown[] = Array.isArray(state['shape']) ? state['shape'] : [];
  const [rows, columns] = shape.map(Number);
  const block = numberIn(state, 'blocksize');
  const nestedBlock = numberIn(state, 'nested_blocksize') ?? 256;
  const isSize = (size: number | undefined) => Number.isSafeInteger(size) && Number(size) > 0;
  if (shape.length !== 2 || block === undefined || ![rows, columns, block, nestedBlock].every(isSize)) {
    throw parts.wrong(`${entry.name} does not say the shape and the blocks of its matrix`);
  }
  return { shape: [rows, columns], block, nestedBlock, nestedOffset: numberIn(state, 'nested_offset') ?? 0 };
}

/** LLM.int8(): the columns that are kept in 16 bits while it computes are stored in 8 like the others. */
export function readInt8(parts: Parts, type: FloatType): Tensor {
  const { main } = parts;
  const [rows, columns] = main.shape;
  const largest = parts.part('SCB');
  if (main.shape.length !== 2) throw parts.wrong(`the tensor ${main.name} has ${main.shape.length} dimensions`);
  parts.expectShape(largest, rows);
  return gridTensor(parts, {
    rows,
    columns,
    bits: 8,
    group: columns,
    symmetric: true,
    float: type,
    async read(start, end) {
      const all = await parts.floats(largest);
      const scales = all.slice(start, end).map((each) => each * SCALE_OF_INT8);
      const codes = (await parts.codes(start * columns, end * columns)).map((code) => code ^ 128);
      return { codes, scales, offsets: scales.map((scale) => -128 * scale) };
    },
  });
}

/** `4 bits (NF4)` of a part of config.json. */
export function bitsandbytesTitle(settings: unknown): string {
  const json = isObject(settings) ? settings : {};
  if (json['load_in_8bit'] === true) return 'bitsandbytes, 8 bits (LLM.int8())';
  const kind = json['bnb_4bit_quant_type'] === 'nf4' ? 'NF4' : 'FP4';
  return `bitsandbytes, 4 bits (${kind})${json['bnb_4bit_use_double_quant'] === true ? ', scales in 8 bits' : ''}`;
}
