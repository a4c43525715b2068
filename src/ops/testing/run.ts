// What kernel tests share: running one step, random data, and how far off a result is.
import { Buffers, read } from '../../gpu/buffers';
import { encode, type Grid, type Kernel, Kernels, type Step } from '../../gpu/kernel';
import type { BindingTypes, Op } from '../../gpu/op';
import type { Fields, FieldValues } from '../../gpu/struct';
import { type KernelTarget, tune } from '../tuning';

export { random, relative } from './numbers';

/** Values of a storage buffer: bytes as they are. */
type Data = ArrayBufferView;

export interface Run {
  /** Bound by variable name; the outputs too, with their initial values. What the kernel does not bind is left out. */
  readonly bind: Readonly<Record<string, Data>>;
  /** Bytes of the uniform. */
  readonly params?: ArrayBuffer;
  readonly grid: Grid;
  /** Dispatches in a row, one when left out. */
  readonly times?: number;
  /** Where the batch stands: position, tokens. */
  readonly position?: number;
  readonly count: number;
}

const FEATURES = { f16: false, subgroups: false };

/** The forms of kernels that each kind of device gets, without optional features. */
export const TARGETS = { software: tune(FEATURES, true, 'exact'), hardware: tune(FEATURES, false, 'exact') };

interface Work<P extends Fields> extends Omit<Run, 'grid' | 'params'> {
  readonly params: FieldValues<P>;
  /** Rows that workgroups are dealt out for; the batch's when left out. */
  readonly dealt?: number;
}

/** What running an op takes of it. */
type Runnable<Variant, P extends Fields> = Pick<
  Op<Variant, KernelTarget, P, BindingTypes, unknown>,
  'grid' | 'kernel' | 'pack'
>;

/** An op's kernel, and how it is run. */
export function workOf<Variant, P extends Fields>(
  op: Runnable<Variant, P>,
  variant: Variant,
  target: KernelTarget,
  { params, dealt, ...rest }: Work<P>,
): { kernel: Kernel; work: Run } {
  const grid = op.grid({ variant, target, params, rows: dealt ?? rest.count });
  return { kernel: op.kernel(variant, target), work: { ...rest, params: op.pack(params), grid } };
}

const compiled = new WeakMap<GPUDevice, Kernels>();

/** Runs a kernel once; the bytes of the buffers that were bound to `outputs`. */
export async function run<Name extends string>(
  device: GPUDevice,
  kernel: Kernel,
  { bind, params, grid, times = 1, position = 0, count }: Run,
  outputs: readonly Name[],
): Promise<Record<Name, ArrayBuffer>> {
  const kernels = compiled.get(device) ?? new Kernels(device);
  compiled.set(device, kernels);
  const buffers = new Buffers(device);
  device.pushErrorScope('validation');
  try {
    const state = Uint32Array.of(position, count, 0, 0);
    const names = kernel.bindings.map(({ name }) => name);
    const bound = Object.fromEntries(
      Object.entries({ state, ...bind })
        .filter(([name]) => names.includes(name))
        .map(([name, data]) => [name, buffers.from('activations', data, name)]),
    );
    const uniform = params && params.byteLength > 0 ? params : undefined;
    const work = { grid: () => grid, cost: () => ({ flops: 0, bytes: 0 }) };
    const step = await kernels.prepare(kernel, buffers, bound, uniform, work);
    const encoder = device.createCommandEncoder();
    encode(encoder, Array<Step>(times).fill(step), count);
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error) throw new Error(error.message);
    const results: [Name, ArrayBuffer][] = [];
    for (const name of outputs) {
      const { byteLength } = name === 'state' ? state : bind[name];
      const whole = await read(device, bound[name], 0, Math.ceil(byteLength / 4) * 4);
      results.push([name, whole.slice(0, byteLength)]);
    }
    return Object.fromEntries(results) as Record<Name, ArrayBuffer>;
  } finally {
    buffers.destroy();
  }
}

/** Runs an op once. */
export function runOp<Variant, P extends Fields, Name extends string>(
  device: GPUDevice,
  op: Runnable<Variant, P>,
  variant: Variant,
  target: KernelTarget,
  given: Work<P>,
  outputs: readonly Name[],
): Promise<Record<Name, ArrayBuffer>> {
  const { kernel, work } = workOf(op, variant, target, given);
  return run(device, kernel, work, outputs);
}

/** A kernel with a line changed, for what must not pass. */
export function altered(kernel: Kernel, from: string | RegExp, to: string): Kernel {
  const wgsl = kernel.wgsl.replace(from, to);
  if (wgsl === kernel.wgsl) throw new Error(`${kernel.label} has no ${from}`);
  return { ...kernel, wgsl };
}

/** Whether pipelines may be many: each takes lavapipe a second and SwiftShader a tenth of that. Long tests have time. */
export const cheapPipelines = ({ name }: { readonly name: string }): boolean =>
  /swiftshader/i.test(name) || Boolean(process.env['PRONK_LONG']);

/** Not-a-numbers: what stands where nothing may be read. */
export const nowhere = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count).fill(NaN);

/** Arrays one after the other. */
export function joined(...parts: readonly ArrayLike<number>[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Whether two arrays hold the same bits: many times as fast as `toEqual`. */
export function sameBits(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}
