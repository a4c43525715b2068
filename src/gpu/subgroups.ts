// Whether a device deals a workgroup's invocations to subgroups in order, in whole subgroups, as kernels assume. All
// known drivers do, but WGSL does not promise it, so each device is asked when it is opened.
import { read } from './buffers';

/** Sizes of workgroups to check: those of software adapters, and of GPUs. */
const THREADS = [4, 8, 64, 128, 256];
const WORKGROUPS = 3;
const TOTAL = WORKGROUPS * THREADS.reduce((sum, threads) => sum + threads, 0);

// a thread in its place writes 0, and a device that computes nothing counts as one that deals in order
const WGSL = `enable subgroups;
override THREADS: u32;
override FIRST: u32;
override LEAST: u32;
override SWAPPED: u32;
@group(0) @binding(0) var<storage, read_write> misplaced: array<u32>;
@compute @workgroup_size(THREADS) fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(local_invocation_index) local_index: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  let place = local_index ^ SWAPPED;
  let first = subgroupBroadcastFirst(place);
  let in_order = first % size == 0u && first + lane == place && size >= LEAST;
  misplaced[FIRST + workgroup_id.x * THREADS + local_index] = select(1u, 0u, in_order);
}`;

/**
 * Whether a device deals invocations to subgroups in order; false where it is lost before it answers.
 * @param least lanes that any subgroup must have
 * @param swapped what threads' numbers are changed by, for tests
 */
export async function dealsInOrder(device: GPUDevice, least: number, swapped = 0): Promise<boolean> {
  const lost = device.lost.then(() => false);
  return Promise.race([lost, look(device, least, swapped).catch(() => false)]);
}

async function look(device: GPUDevice, least: number, swapped: number): Promise<boolean> {
  const module = device.createShaderModule({ code: WGSL });
  const entry = { binding: 0, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' } } as const;
  const bindings = device.createBindGroupLayout({ entries: [entry] });
  const layout = device.createPipelineLayout({ bindGroupLayouts: [bindings] });
  let first = 0;
  const compiling = THREADS.map((threads) => {
    const constants = { THREADS: threads, FIRST: first, LEAST: least, SWAPPED: swapped };
    first += WORKGROUPS * threads;
    return device.createComputePipelineAsync({ layout, compute: { module, constants } });
  });
  const pipelines = await Promise.all(compiling);
  const buffer = device.createBuffer({ size: 4 * TOTAL, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const entries = [{ binding: 0, resource: { buffer } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setBindGroup(0, device.createBindGroup({ layout: bindings, entries }));
  for (const pipeline of pipelines) {
    pass.setPipeline(pipeline);
    pass.dispatchWorkgroups(WORKGROUPS);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
  const misplaced = new Uint32Array(await read(device, buffer));
  buffer.destroy();
  return misplaced.every((each) => each === 0);
}
