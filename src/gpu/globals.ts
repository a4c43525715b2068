// Names that webgpu-utils looks up while it is imported. Node has no GPUShaderStage, nor has a browser without WebGPU;
// Chromium before 135 and Node 20 have no Float16Array. No struct here has such a field, so that nothing ever makes one.
const scope: { Float16Array?: unknown; GPUShaderStage?: unknown } = globalThis;
scope.Float16Array ??= class Float16Array extends Uint16Array {};
scope.GPUShaderStage ??= { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 };
