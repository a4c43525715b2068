// One output of LoRA's kernels on random data, and its reference: for tests with a device.
import type { Kernel } from '../../gpu/kernel';
import type { BindingTypes, Op } from '../../gpu/op';
import { packPlaces } from '../attention/places';
import { glu } from '../glu/glu';
import { type LORA_PARAMS, loraDown, loraParams, loraUp, loraUpGlu } from '../lora/lora';
import { loraInputBackward, loraOutputBackward } from '../lora/lora-backward';
import type { Dropout } from '../lora/lora-reference';
import { type LoraShape, stackedRows } from '../lora/shape';
import { rmsnorm } from '../norm/rmsnorm';
import type { KernelTarget } from '../tuning';
import { random, relative } from './numbers';
import { run, type Run, workOf } from './run';

export interface LoraCase extends LoraShape {
  readonly target: KernelTarget;
  readonly dropout?: boolean;
  readonly tokens: number;
  /** The value in buffers after the tokens of the batch; not-a-number when left out. */
  readonly beyond?: number;
  /** Seed and step of dropout. */
  readonly noise?: readonly [number, number];
  /** Seed of the data. */
  readonly seed?: number;
}

type Given = Readonly<
  Record<'x' | 'u' | 'v' | 'dy' | 'a' | 'b' | 'gain' | 'gate_up' | 'inverse', Float32Array<ArrayBuffer>>
>;
type Output = keyof ReturnType<typeof before>;

interface LoraKernel {
  readonly op: Pick<Op<never, KernelTarget, typeof LORA_PARAMS, BindingTypes, unknown>, 'grid' | 'kernel' | 'pack'>;
  /** Fields of the op's variant other than dropout. */
  readonly variant?: object;
  readonly output: Output;
  readonly reference: (shape: LoraShape, given: Given, tokens: number, dropout?: Dropout) => Float64Array;
  /** The output is added to. */
  readonly adds?: true;
}

/** The input of the maps: x after the norm. */
const normed = ({ columns, epsilon = 0 }: LoraShape, { x, gain }: Given, tokens: number) =>
  rmsnorm.reference(x.subarray(0, tokens * columns), gain, { columns, epsilon });
/** The input of the maps: f(gate) · up */
const gated = ({ columns }: LoraShape, { gate_up }: Given, tokens: number) =>
  glu.reference(gate_up.subarray(0, 2 * tokens * columns), columns, 'gelu_tanh');

const down =
  (input: typeof normed | undefined): LoraKernel['reference'] =>
  (shape, all, tokens, dropout) =>
    loraDown.reference(shape, input?.(shape, all, tokens) ?? all.x, all.a, tokens, dropout);
const output =
  (which: 'v' | 'db'): LoraKernel['reference'] =>
  (shape, { dy, b, u }, tokens) =>
    loraOutputBackward.reference(shape, dy, b, u, tokens)[which];
const input =
  (which: 'da' | 'dx', read?: typeof normed): LoraKernel['reference'] =>
  (shape, all, tokens, dropout) =>
    loraInputBackward.reference(shape, read?.(shape, all, tokens) ?? all.x, all.v, all.a, tokens, dropout)[which];
const up: LoraKernel['reference'] = (shape, { u, b }, tokens) => loraUp.reference(shape, u, b, tokens);
const upGlu: LoraKernel['reference'] = (shape, { u, b, gate_up }, tokens) =>
  loraUpGlu.reference(shape, u, b, gate_up.subarray(0, tokens * shape.stride), tokens, 'gelu_tanh').hidden;

const NORMED = { op: loraDown, variant: { normed: true } } as const;
const INPUT = { op: loraInputBackward, variant: { input: 'plain', dx: true }, adds: true } as const;
const GLU = { op: loraUpGlu, variant: { activation: 'gelu_tanh' } } as const;

export const LORA_OPS = {
  down: { op: loraDown, output: 'u', reference: down(undefined) },
  'down behind a norm': { ...NORMED, output: 'u', reference: down(normed) },
  'the norm before down': { ...NORMED, output: 'normalized', reference: normed },
  'its 1 / rms': { ...NORMED, output: 'inverse', reference: inverses },
  up: { op: loraUp, output: 'y', reference: up, adds: true },
  upBackward: { op: loraOutputBackward, output: 'v', reference: output('v') },
  bGradient: { op: loraOutputBackward, output: 'db', reference: output('db'), adds: true },
  aGradient: { ...INPUT, output: 'da', reference: input('da') },
  'aGradient alone': { ...INPUT, variant: { input: 'plain', dx: false }, output: 'da', reference: input('da') },
  'aGradient behind a norm': {
    ...INPUT,
    variant: { input: 'normed', dx: true },
    output: 'da',
    reference: input('da', normed),
  },
  'aGradient behind a gate': {
    ...INPUT,
    variant: { input: 'gelu_tanh', dx: true },
    output: 'da',
    reference: input('da', gated),
  },
  downBackward: { ...INPUT, output: 'dx', reference: input('dx') },
} as const satisfies Record<string, LoraKernel>;

/** The outputs of the op for adapted gate and up. */
export const GLU_OPS = {
  'hidden behind a gate': { ...GLU, output: 'hidden', reference: upGlu },
  'gate and up': { ...GLU, output: 'gate_up', reference: up, adds: true },
} as const satisfies Record<string, LoraKernel>;

export type LoraOp = keyof typeof LORA_OPS | keyof typeof GLU_OPS;
const ALL: Readonly<Record<LoraOp, LoraKernel>> = { ...LORA_OPS, ...GLU_OPS };

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

/** The factors 1 / rms of each row */
function inverses({ columns, epsilon = 0 }: LoraShape, { x }: Pick<Given, 'x'>, tokens: number): Float64Array {
  return Float64Array.from({ length: tokens }, (_, t) => {
    const squares = x.subarray(t * columns, (t + 1) * columns).reduce((sum, value) => sum + value ** 2, 0);
    return 1 / Math.sqrt(squares / columns + epsilon);
  });
}

function given(it: LoraCase): { data: Given; places: Uint32Array<ArrayBuffer>; noise: Uint32Array<ArrayBuffer> } {
  const { tokens, columns, rank, maps, stride, beyond = Number.NaN, noise = [7, 2], seed = 1 } = it;
  const rows = (width: number, values: ArrayLike<number>) => {
    const all = new Float32Array((tokens + BEYOND) * width).fill(beyond);
    all.set(values);
    return all;
  };
  const some = (width: number, part: number) => rows(width, random(tokens * width, seed * 100 + part));
  const width = maps.length * rank;
  const x = some(columns, 1);
  return {
    data: {
      x,
      u: some(width, 2),
      v: some(width, 3),
      dy: some(stride, 4),
      a: random(width * columns, seed * 100 + 5),
      b: random(stackedRows(it) * rank, seed * 100 + 6),
      gain: random(columns, seed * 100 + 7),
      gate_up: some(Math.max(2 * columns, stride), 8),
      inverse: rows(1, inverses(it, { x }, tokens)),
    },
    places: places(tokens),
    noise: Uint32Array.from(noise),
  };
}

/** Contents of each output before a run. */
function before({ columns, rank, maps, stride, tokens }: LoraCase) {
  const rows = tokens + BEYOND;
  const width = maps.length * rank;
  const of = (length: number) => random(length, 99);
  return {
    u: of(rows * width),
    normalized: of(rows * columns),
    inverse: of(rows),
    y: of(rows * stride),
    gate_up: of(rows * stride),
    hidden: of((rows * stride) / 2),
    v: of(rows * width),
    db: of(maps.reduce((sum, map) => sum + map.rows, 0) * rank),
    da: of(width * columns),
    dx: of(rows * columns),
  };
}

/** A kernel and what it is run on. */
export function loraWork(name: LoraOp, it: LoraCase): { kernel: Kernel; work: Run; output: Output } {
  const { op, variant, output: written } = ALL[name];
  const { data, ...dropout } = given(it);
  const outputs = before(it);
  const work = workOf(op as never, { dropout: it.dropout ?? false, ...variant } as never, it.target, {
    bind: { ...outputs, ...data, ...dropout, [written]: outputs[written] },
    params: loraParams(it),
    count: it.tokens,
  });
  return { ...work, output: written };
}

/** A kernel's output. */
export async function loraResult(device: GPUDevice, name: LoraOp, it: LoraCase): Promise<Float32Array> {
  const { kernel, work, output: written } = loraWork(name, it);
  const results = await run(device, kernel, work, [written]);
  return new Float32Array(results[written]);
}

/** The relative error of a kernel against the reference for `right`; rows beyond the batch count. */
export async function loraOff(device: GPUDevice, name: LoraOp, it: LoraCase, right = it): Promise<number> {
  const { reference, adds, output: written } = ALL[name];
  const { data, ...dropout } = given(right);
  const sums = reference(right, data, right.tokens, right.dropout ? dropout : undefined);
  const expected = Float64Array.from(before(right)[written]);
  for (const [i, value] of sums.entries()) expected[i] = value + (adds ? expected[i] : 0);
  return relative(await loraResult(device, name, it), expected);
}
