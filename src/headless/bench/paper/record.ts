// Records which pipelines are compiled and which dispatches follow, by wrapping WebGPU's calls, with the data that the
// host has written by then.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cost, type Grid, type Kernel, Kernels, type Step } from '../../../gpu/kernel';
import type { Contents } from './memory';

/** One dispatch, with all that is known when it is recorded. */
export interface Dispatch {
  /** The kernel's label, with the overrides that are not 0. */
  readonly label: string;
  /** The driver's listing of its pipeline. */
  readonly listing: string;
  readonly grid: readonly [number, number, number];
  readonly contents: Contents;
  readonly rows: number;
  readonly cost: Cost;
}

/** Buffers up to this many bytes are remembered as the host wrote them. */
const REMEMBERED = 1 << 16;
/** Names of bindings that hold data, on which no kernel's control flow depends. */
const DATA = /^(gains?|shift|codes|scales|bias|table|w)$/;

interface Prepared {
  readonly label: string;
  readonly step: Step;
  readonly listing: string;
  readonly buffers: readonly GPUBuffer[];
  readonly state: GPUBuffer | undefined;
}

type Methods = Record<string, (...args: never[]) => unknown>;

export class Recorder {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pronk-paper-'));
  readonly #listings = new WeakMap<GPUComputePipeline, string>();
  readonly #written = new WeakMap<GPUBuffer, Uint8Array<ArrayBuffer>>();
  readonly #prepared = new Map<GPUBindGroup, Prepared>();
  readonly #restore: (() => void)[] = [];
  #dispatches: Dispatch[] = [];
  #compiled = 0;
  /** Contents of the batch's state in place of those that the host wrote, since the GPU advances it. */
  state: readonly number[] | undefined;

  constructor() {
    const { GPUDevice, GPUQueue, GPUComputePassEncoder } = globalThis as unknown as Record<
      string,
      { prototype: Methods }
    >;
    const device = GPUDevice.prototype;
    const listen = this.#around.bind(this);
    const compile = (self: unknown, descriptor: GPUComputePipelineDescriptor) =>
      this.#compile(self as GPUDevice, descriptor);
    listen(device, 'createComputePipelineAsync', (_, self, descriptor) =>
      Promise.resolve(compile(self, descriptor as never)),
    );
    listen(GPUQueue.prototype, 'writeBuffer', (original, self, ...args) => {
      this.#write(args as unknown as Parameters<GPUQueue['writeBuffer']>);
      return original.apply(self, args as never);
    });
    const bound = new WeakMap<object, GPUBindGroup>();
    listen(GPUComputePassEncoder.prototype, 'setBindGroup', (original, self, ...args) => {
      bound.set(self as object, args[1] as GPUBindGroup);
      return original.apply(self, args as never);
    });
    listen(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', (original, self, ...args) => {
      const [x, y = 1, z = 1] = args as unknown as Grid;
      const group = bound.get(self as object);
      const prepared = group && this.#prepared.get(group);
      if (prepared) this.#dispatches.push(this.#dispatch(prepared, [x, y, z]));
      return original.apply(self, args as never);
    });
    listen(Kernels.prototype as unknown as Methods, 'prepare', async (original, self, ...args) => {
      const [kernel, , given, params] = args as unknown as Parameters<Kernels['prepare']>;
      const step = (await original.apply(self, args as never)) as Step;
      this.#prepare(step, kernel, given, params);
      return step;
    });
  }

  #around(
    type: Methods,
    method: string,
    instead: (original: (...args: never[]) => unknown, self: unknown, ...args: unknown[]) => unknown,
  ) {
    const original = type[method];
    type[method] = function listened(this: unknown, ...args: never[]) {
      return instead(original, this, ...args);
    };
    this.#restore.push(() => (type[method] = original));
  }

  /** Compiles a pipeline at once, so that the layer's listing can be matched with it. */
  #compile(device: GPUDevice, descriptor: GPUComputePipelineDescriptor): GPUComputePipeline {
    const file = join(this.#folder, `${this.#compiled++}.txt`);
    process.env['PAPER_FILE'] = file;
    try {
      const pipeline = device.createComputePipeline(descriptor);
      this.#listings.set(pipeline, readFileSync(file, 'utf8'));
      return pipeline;
    } finally {
      delete process.env['PAPER_FILE'];
    }
  }

  #write([buffer, offset, data, from = 0, size]: Parameters<GPUQueue['writeBuffer']>): void {
    if (buffer.size > REMEMBERED) return;
    const unit = ArrayBuffer.isView(data) && 'BYTES_PER_ELEMENT' in data ? (data.BYTES_PER_ELEMENT as number) : 1;
    const view = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data as ArrayBuffer);
    const bytes = view.subarray(from * unit, size === undefined ? undefined : (from + size) * unit);
    // earlier dispatches keep the contents that they saw
    const copy = this.#written.get(buffer)?.slice() ?? new Uint8Array(buffer.size);
    copy.set(bytes, offset);
    this.#written.set(buffer, copy);
  }

  #prepare(
    step: Step,
    { label, overrides, bindings }: Kernel,
    given: Parameters<Kernels['prepare']>[2],
    params: ArrayBuffer | GPUBuffer | undefined,
  ): void {
    const folded = Object.entries(overrides).filter(([, value]) => value !== 0);
    const bufferOf = (name: string) => {
      const value = given[name];
      return value && 'buffer' in value ? value.buffer : value;
    };
    const nobody = {} as GPUBuffer;
    const own: GPUBuffer | undefined = params && !(params instanceof ArrayBuffer) ? params : undefined;
    const sorted = bindings.toSorted((a, b) => a.binding - b.binding);
    const buffers = sorted.map(({ name }) => (name === 'params' ? own : DATA.test(name) ? nobody : bufferOf(name)));
    if (params instanceof ArrayBuffer) {
      const at = sorted.findIndex(({ name }) => name === 'params');
      const stand = {} as GPUBuffer;
      this.#written.set(stand, new Uint8Array(params.slice(0)));
      buffers[at] = stand;
    }
    this.#prepared.set(step.bindGroup, {
      label: [label, ...folded.map(([name, value]) => (value === 1 ? name : `${name}=${value}`))].join(' '),
      step,
      listing: this.#listings.get(step.pipeline) ?? '',
      buffers: buffers.map((buffer) => buffer ?? nobody),
      state: bufferOf('state'),
    });
  }

  #dispatch({ label, step, listing, buffers, state }: Prepared, grid: [number, number, number]): Dispatch {
    const advanced = this.state && state?.label === 'state' ? Uint32Array.from(this.state) : undefined;
    const known = advanced ? new Uint8Array(advanced.buffer) : state && this.#written.get(state);
    const contents = buffers.map((buffer) => {
      const bytes = buffer === state ? known : this.#written.get(buffer);
      return bytes && new Uint32Array(bytes.buffer, 0, bytes.byteLength >> 2);
    });
    const [position = 0, count = 0] = known ? new Uint32Array(known.buffer) : [];
    const rows = known ? count : rowsOf(step, grid);
    return { label, listing, grid, contents, rows, cost: step.cost(rows, position) };
  }

  /** The dispatches that a task makes. */
  async during(task: () => Promise<unknown>): Promise<Dispatch[]> {
    this.#dispatches = [];
    await task();
    return this.#dispatches;
  }

  /** Restores WebGPU's calls. */
  end(): void {
    for (const undo of this.#restore) undo();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The number of rows that gives this grid, for dispatches without a state to read it from. */
function rowsOf({ grid }: Step, dispatched: readonly number[]): number {
  for (let rows = 1; rows <= 1 << 16; rows++) {
    const [x, y = 1, z = 1] = grid(rows);
    if (x === dispatched[0] && y === dispatched[1] && z === dispatched[2]) return rows;
  }
  return 1;
}
