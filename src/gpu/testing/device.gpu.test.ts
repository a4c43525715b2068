import { expect, test } from 'vitest';
import { testDevices } from './device';
import { read } from '../buffers';

const devices = await testDevices();

/** Runs a shader that fills `out` with its invocation's number. */
async function fill(device: GPUDevice, enables: string): Promise<number[]> {
  const code = `${enables}
    @group(0) @binding(0) var<storage, read_write> out: array<f32>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { out[i] = f32(i); }`;
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const out = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: { buffer: out } }];
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  device.queue.submit([encoder.finish()]);
  return [...new Float32Array(await read(device, out, 0, 16))];
}

for (const { device, variant, features } of devices) {
  test(`${variant}: computes, with the features it names and no others`, async () => {
    const enables = [features.f16 && 'enable f16;', features.subgroups && 'enable subgroups;'].filter(Boolean);
    expect(await fill(device, enables.join(' '))).toEqual([0, 1, 2, 3]);
    if (!features.f16) await expect(fill(device, 'enable f16;')).rejects.toThrow();
    if (!features.subgroups) await expect(fill(device, 'enable subgroups;')).rejects.toThrow();
  });
}
