// A kernel is data: its source, its overrides, and (when bound) a grid. One place compiles, binds and dispatches.
import { makeShaderDataDefinitions, makeStructuredView, type ShaderDataDefinitions } from 'webgpu-utils';
import type { Buffers } from './buffers';

/** A compute shader with everything that decides its pipeline. */
export interface Kernel {
  readonly label: string;
  /** Composed WGSL with one entry point `main`, bindings in group 0. */
  readonly wgsl: string;
  /** Values of `override` constants. */
  readonly overrides?: Readonly<Record<string, number>>;
}

/** Workgroups in x, y, z. */
export type Grid = readonly [x: number, y?: number, z?: number];

/** What a dispatch is over: tokens in this batch, and the position of the first. */
export interface Batch {
  readonly count: number;
  readonly position: number;
}

/** One prebuilt dispatch: only its grid may depend on the batch. */
export interface Step {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly grid: (batch: Batch) => Grid;
}

/** A whole buffer, or a part of one. */
export type Bound = GPUBuffer | { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number };

interface Compiled {
  readonly pipeline: Promise<GPUComputePipeline>;
  readonly layout: GPUBindGroupLayout;
  /** binding number by variable name */
  readonly slots: ReadonlyMap<string, number>;
}

const BINDING = /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage)(?:,\s*(read|read_write))?>\s*(\w+)/g;

/** Compiles each kernel once per device, all in parallel, and binds buffers to them by name. */
export class Kernels {
  readonly device: GPUDevice;
  readonly #compiled = new Map<string, Compiled>();

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /**
   * A dispatch of `kernel` with its buffers bound by variable name; `params` fills the uniform struct of that name
   * (leave it out to bind a buffer of one's own).
   * @throws when a binding or a parameter is missing or unknown
   */
  async step(
    kernel: Kernel,
    buffers: Buffers,
    bound: Readonly<Record<string, Bound>>,
    params: Readonly<Record<string, number | readonly number[]>> | undefined,
    grid: Step['grid'],
  ): Promise<Step> {
    const compiled = this.#compile(kernel);
    const all: Record<string, Bound> = { ...bound };
    if (params) {
      all['params'] = buffers.from('uniforms', packParams(kernel, params), `${kernel.label} params`);
    }
    const entries: GPUBindGroupEntry[] = [];
    for (const [name, binding] of compiled.slots) {
      const value = all[name];
      if (!value) throw new Error(`${kernel.label}: no buffer bound to ${name}`);
      entries.push({ binding, resource: 'buffer' in value ? value : { buffer: value } });
    }
    for (const name of Object.keys(all)) {
      if (!compiled.slots.has(name)) throw new Error(`${kernel.label}: the shader has no binding ${name}`);
    }
    const bindGroup = this.device.createBindGroup({ label: kernel.label, layout: compiled.layout, entries });
    return { label: kernel.label, pipeline: await compiled.pipeline, bindGroup, grid };
  }

  #compile(kernel: Kernel): Compiled {
    const key = `${kernel.wgsl}\n${JSON.stringify(kernel.overrides ?? {})}`;
    const known = this.#compiled.get(key);
    if (known) return known;
    const { device } = this;
    const slots = new Map<string, number>();
    const entries: GPUBindGroupLayoutEntry[] = [];
    for (const [, binding, space, access, name] of kernel.wgsl.matchAll(BINDING)) {
      slots.set(name as string, Number(binding));
      const type = space === 'uniform' ? 'uniform' : access === 'read_write' ? 'storage' : 'read-only-storage';
      entries.push({ binding: Number(binding), visibility: GPUShaderStage.COMPUTE, buffer: { type } });
    }
    const layout = device.createBindGroupLayout({ label: kernel.label, entries });
    const pipeline = device.createComputePipelineAsync({
      label: kernel.label,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: {
        module: device.createShaderModule({ label: kernel.label, code: kernel.wgsl }),
        entryPoint: 'main',
        constants: kernel.overrides ?? {},
      },
    });
    const compiled = { pipeline, layout, slots };
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

const PARAMS = /struct Params \{[^}]*\}/;
const layouts = new Map<string, ShaderDataDefinitions>();

/** Bytes of a kernel's `Params`. Only that struct is reflected: webgpu-utils' parser is slow and knows less than Tint. */
function packParams(kernel: Kernel, params: Readonly<Record<string, number | readonly number[]>>): ArrayBuffer {
  const source = PARAMS.exec(kernel.wgsl)?.[0];
  if (!source) throw new Error(`${kernel.label}: the shader has no Params`);
  let layout = layouts.get(source);
  if (!layout) {
    layout = makeShaderDataDefinitions(`${source}\n@group(0) @binding(0) var<uniform> params: Params;`);
    layouts.set(source, layout);
  }
  const view = makeStructuredView(layout.uniforms['params']);
  // webgpu-utils ignores unknown names silently, and leaves missing ones zero
  const known = Object.keys(view.views);
  for (const name of Object.keys(params)) {
    if (!known.includes(name)) throw new Error(`${kernel.label}: unknown parameter ${name}`);
  }
  for (const name of known) if (!(name in params)) throw new Error(`${kernel.label}: parameter ${name} is missing`);
  view.set(params);
  return view.arrayBuffer;
}

/** Records steps in one compute pass. */
export function encode(encoder: GPUCommandEncoder, steps: readonly Step[], batch: Batch): void {
  const pass = encoder.beginComputePass();
  for (const step of steps) {
    const [x, y = 1, z = 1] = step.grid(batch);
    pass.setPipeline(step.pipeline);
    pass.setBindGroup(0, step.bindGroup);
    pass.dispatchWorkgroups(x, y, z);
  }
  pass.end();
}
