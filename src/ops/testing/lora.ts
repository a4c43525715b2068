// One of LoRA's six kernels on random data, and its reference: for tests with a device.
import type { Kernel } from '../../gpu/kernel';
import {
  loraAGradient,
  loraBGradient,
  loraDown,
  loraDownBackward,
  loraParams,
  loraUp,
  loraUpBackward,
} from '../lora/lora';
import type { Dropout } from '../lora/lora-reference';
import { type LoraShape, stackedRows } from '../lora/shape';
import type { KernelTarget } from '../tuning';
import { packPlaces } from '../attention/places';
import { random, relative } from './numbers';
import { run, type Run, workOf } from './run';

export interface LoraCase extends LoraShape {
  readonly target: KernelTarget;
  readonly dropout?: boolean;
  readonly tokens: number;
  /** What stands in buffers after the tokens of the batch; not-a-number when left out. */
  readonly beyond?: number;
  /** Seed and step of dropout. */
  readonly noise?: readonly [number, number];
  /** Seed of the data. */
  readonly seed?: number;
}

type Given = Record<'x' | 'u' | 'v' | 'dy' | 'a' | 'b', Float32Array<ArrayBuffer>>;

interface Op {
  readonly op: Pick<typeof loraDown, 'grid' | 'kernel' | 'pack'>;
  readonly output: string;
  readonly reference: (shape: LoraShape, given: Given, tokens: number, dropout?: Dropout) => Float64Array;
  /** The output is added to. */
  readonly adds: boolean;
}

export const LORA_OPS = {
  down: {
    op: loraDown,
    output: 'u',
    reference: (shape, { x, a }, tokens, dropout) => loraDown.reference(shape, x, a, tokens, dropout),
    adds: false,
  },
  up: {
    op: loraUp,
    output: 'y',
    reference: (shape, { u, b }, tokens) => loraUp.reference(shape, u, b, tokens),
    adds: true,
  },
  upBackward: {
    op: loraUpBackward,
    output: 'v',
    reference: (shape, { dy, b }, tokens) => loraUpBackward.reference(shape, dy, b, tokens),
    adds: false,
  },
  bGradient: {
    op: loraBGradient,
    output: 'db',
    reference: (shape, { dy, u }, tokens) => loraBGradient.reference(shape, dy, u, tokens),
    adds: true,
  },
  aGradient: {
    op: loraAGradient,
    output: 'da',
    reference: (shape, { x, v }, tokens, dropout) => loraAGradient.reference(shape, x, v, tokens, dropout),
    adds: true,
  },
  downBackward: {
    op: loraDownBackward,
    output: 'dx',
    reference: (shape, { v, a }, tokens, dropout) => loraDownBackward.reference(shape, v, a, tokens, dropout),
    adds: true,
  },
} as const satisfies Record<string, Op>;

export type LoraOp = keyof typeof LORA_OPS;

/** Rows after those of the batch. */
const BEYOND = 3;

/** Tokens of two sequences, as `places`. */
function places(tokens: number): Uint32Array<ArrayBuffer> {
  const second = Math.floor(tokens / 2);
  const own = (t: number) => (t < second ? { position: t, row: 40 } : { position: t - second, row: 7 });
  const all = Array.from({ length: tokens }, (_, t) => own(t));
  return packPlaces({
    positions: Uint32Array.from(all, ({ position }) => position),
    rows: Uint32Array.from(all, ({ row }) => row),
  });
}

function given(it: LoraCase) {
  const { tokens, columns, rank, maps, stride, beyond = Number.NaN, noise = [7, 2], seed = 1 } = it;
  const rows = (width: number, part: number) => {
    const values = new Float32Array((tokens + BEYOND) * width).fill(beyond);
    values.set(random(tokens * width, seed * 100 + part));
    return values;
  };
  const width = maps.length * rank;
  const [a, b] = [random(width * columns, seed * 100 + 5), random(stackedRows(it) * rank, seed * 100 + 6)];
  return {
    data: { x: rows(columns, 1), u: rows(width, 2), v: rows(width, 3), dy: rows(stride, 4), a, b },
    places: places(tokens),
    noise: Uint32Array.from(noise),
  };
}

/** What each output holds before. */
function before(op: LoraOp, it: LoraCase): Float32Array<ArrayBuffer> {
  const { columns, rank, maps, stride } = it;
  const rows = it.tokens + BEYOND;
  const length = {
    down: rows * maps.length * rank,
    up: rows * stride,
    upBackward: rows * maps.length * rank,
    bGradient: stackedRows(it) * rank,
    aGradient: maps.length * rank * columns,
    downBackward: rows * columns,
  }[op];
  return random(length, 99);
}

/** A kernel and what it is run on. */
export function loraWork(op: LoraOp, it: LoraCase): { kernel: Kernel; work: Run; output: string } {
  const { op: made, output }: Op = LORA_OPS[op];
  const { data, ...dropout } = given(it);
  const work = workOf(made, { dropout: it.dropout ?? false }, it.target, {
    bind: { ...data, ...dropout, [output]: before(op, it) },
    params: loraParams(it),
    count: it.tokens,
  });
  return { ...work, output };
}

/** What the kernel leaves in its output. */
export async function loraResult(device: GPUDevice, op: LoraOp, it: LoraCase): Promise<Float32Array> {
  const { kernel, work, output } = loraWork(op, it);
  const results = await run(device, kernel, work, [output]);
  return new Float32Array(results[output]);
}

/** How far a kernel is off from what the reference says of `right`; rows beyond the batch count. */
export async function loraOff(device: GPUDevice, op: LoraOp, it: LoraCase, right = it): Promise<number> {
  const { reference, adds }: Op = LORA_OPS[op];
  const { data, ...dropout } = given(right);
  const sums = reference(right, data, right.tokens, right.dropout ? dropout : undefined);
  const expected = Float64Array.from(before(op, right));
  for (const [i, value] of sums.entries()) expected[i] = value + (adds ? expected[i] : 0);
  return relative(await loraResult(device, op, it), expected);
}
