// A kernel is data: its source, its overrides and what it binds. One place compiles, binds and dispatches.
import type { Buffers } from './buffers';
import type { Binding } from './declarations';

/** A compute shader with everything that decides its pipeline. Ops make them (op.ts). */
export interface Kernel {
  readonly label: string;
  /** Composed WGSL with one entry point `main`, bindings in group 0. */
  readonly wgsl: string;
  /** Values of `override` constants. */
  readonly overrides: Readonly<Record<string, number>>;
  readonly bindings: readonly Binding[];
}

/** Workgroups in x, y, z. */
export type Grid = readonly [x: number, y?: number, z?: number];

/** The least that a dispatch must do, whatever the device. */
export interface Cost {
  readonly flops: number;
  /** Read and written in memory, each once. */
  readonly bytes: number;
}

/** The sum of several dispatches' costs. */
export const sumOf = (costs: readonly Cost[]): Cost => ({
  flops: costs.reduce((sum, { flops }) => sum + flops, 0),
  bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** One prebuilt dispatch: only how many rows it is over may change. */
export interface Step {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly grid: (rows: number) => Grid;
  /** @param position of the batch's first token, 0 when left out */
  readonly cost: (rows: number, position?: number) => Cost;
}

/** A whole buffer, or a part of one. */
export type Bound = GPUBuffer | { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number };

interface Compiled {
  readonly pipeline: Promise<GPUComputePipeline>;
  readonly layout: GPUBindGroupLayout;
}

const LAYOUT_TYPES = { uniform: 'uniform', read: 'read-only-storage', read_write: 'storage' } as const;

/** Compiles each kernel once per device, all in parallel, and binds buffers to them by name. */
export class Kernels {
  readonly device: GPUDevice;
  readonly #compiled = new Map<string, Compiled>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /**
   * A dispatch of `kernel` with its buffers bound by variable name.
   * @param params what fills the uniform `params`: bytes, or a buffer of the caller's own
   * @throws when a binding is missing or unknown
   */
  async prepare(
    kernel: Kernel,
    buffers: Buffers,
    bound: Readonly<Record<string, Bound | undefined>>,
    params: ArrayBuffer | GPUBuffer | undefined,
    work: Pick<Step, 'grid' | 'cost'>,
  ): Promise<Step> {
    const { label, bindings } = kernel;
    const { pipeline, layout } = this.#compile(kernel);
    const all: Record<string, Bound | undefined> = { ...bound };
    if (params) {
      all['params'] = params instanceof ArrayBuffer ? buffers.from('uniforms', params, `${label} params`) : params;
    }
    const entries = bindings.map(({ name, binding }): GPUBindGroupEntry => {
      const value = all[name];
      if (!value) throw new Error(`${label}: no buffer bound to ${name}`);
      return { binding, resource: 'buffer' in value ? value : { buffer: value } };
    });
    for (const [name, value] of Object.entries(all)) {
      if (value && !bindings.some((each) => each.name === name)) {
        throw new Error(`${label}: the shader has no binding ${name}`);
      }
    }
    const bindGroup = this.device.createBindGroup({ label, layout, entries });
    return { label, pipeline: await pipeline, bindGroup, cost: work.cost, grid: remembered(work.grid) };
  }

  #compile(kernel: Kernel): Compiled {
    const key = `${kernel.wgsl}\n${JSON.stringify(kernel.overrides)}`;
    const known = this.#compiled.get(key);
    if (known) return known;
    const { device } = this;
    const { label, wgsl, overrides, bindings } = kernel;
    const layout = device.createBindGroupLayout({
      label,
      entries: bindings.map(({ binding, access }) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: LAYOUT_TYPES[access] },
      })),
    });
    const pipeline = device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ label, code: wgsl }), entryPoint: 'main', constants: overrides },
    });
    const compiled = { pipeline, layout };
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

/** A grid that is computed anew only for another number of rows, so that tokens after the first one allocate none. */
function remembered(grid: Step['grid']): Step['grid'] {
  let of: number | undefined;
  let made: Grid;
  return (rows) => {
    if (rows !== of) [of, made] = [rows, grid(rows)];
    return made;
  };
}

/** Records steps in one compute pass, all over the same rows. */
export function encode(encoder: GPUCommandEncoder, steps: readonly Step[], rows: number): void {
  const pass = encoder.beginComputePass();
  for (const step of steps) dispatch(pass, step, rows);
  pass.end();
}

/** Records one step over these rows. */
export function dispatch(pass: GPUComputePassEncoder, { pipeline, bindGroup, grid }: Step, rows: number): void {
  const [x, y = 1, z = 1] = grid(rows);
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(x, y, z);
}
