// Opens the one GPU device that the engine works on. The only file that asks for an adapter.
import { PronkError } from '../core/errors';
import { dealsInOrder } from './subgroups';

/** Features of a device that kernels may use. */
export interface Features {
  readonly f16: boolean;
  /** Whether there are subgroups, to which a workgroup's invocations are dealt in order. */
  readonly subgroups: boolean;
  /** Fewest lanes of any subgroup, where the adapter reports it. */
  readonly subgroupSize?: number;
}

export interface Gpu {
  readonly device: GPUDevice;
  /** The adapter's name as a person knows it, e.g. `NVIDIA H100`, `SwiftShader`. */
  readonly name: string;
  /** A CPU that plays a GPU (SwiftShader, lavapipe, WARP): barriers and cold pipelines are dear there. */
  readonly software: boolean;
  readonly features: Features;
  /** Settles when the device is lost for a reason other than `destroy()`. */
  readonly lost: Promise<GPUDeviceLostInfo>;
}

/** Fewest lanes of any subgroup that WebGPU allows. */
const LEAST_SUBGROUP = 4;

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|warp|software|basic render/i;

/** Limits worth raising to what the adapter offers; the defaults stop at 128 MiB bindings. */
const RAISED = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/**
 * Opens a device with everything that kernels can use.
 * @param api `navigator.gpu`, or Dawn's under Node
 * @throws PronkError `no-webgpu`, `no-adapter`
 */
export async function openGpu(api: GPU | undefined): Promise<Gpu> {
  if (!api) {
    throw new PronkError(
      'no-webgpu',
      'This browser has no WebGPU. Pronk needs Chrome or Edge 113, Safari 26, Firefox 141 on Windows, or a later version of one of them.',
    );
  }
  const adapter = await api.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new PronkError(
      'no-adapter',
      'WebGPU is there, but it offers no graphics adapter for now. If this does not change, turn on hardware acceleration in the browser, restart it, or update the graphics driver.',
    );
  }
  try {
    return await openAdapter(adapter);
  } catch (cause) {
    // the graphics process died in between: its adapters are worth nothing
    throw new PronkError('no-adapter', 'The graphics adapter was lost while it was being opened. Try again.', {
      cause,
    });
  }
}

/** Opens a device on a given adapter. */
export async function openAdapter(adapter: GPUAdapter): Promise<Gpu> {
  const { info } = adapter;
  const wanted = (['shader-f16', 'subgroups', 'timestamp-query'] as GPUFeatureName[]).filter((name) =>
    adapter.features.has(name),
  );
  const requiredLimits = Object.fromEntries(RAISED.map((name) => [name, adapter.limits[name] as number]));
  const device = await adapter.requestDevice({ requiredFeatures: wanted, requiredLimits });
  const { subgroupMinSize } = info;
  const subgroups = device.features.has('subgroups') && (await dealsInOrder(device, subgroupMinSize || LEAST_SUBGROUP));
  return {
    device,
    name: adapterName(info),
    software: isSoftware(info),
    features: {
      f16: device.features.has('shader-f16'),
      subgroups,
      ...(subgroups && subgroupMinSize && { subgroupSize: subgroupMinSize }),
    },
    lost: device.lost,
  };
}

/** Whether an adapter is a CPU that plays a GPU. */
export function isSoftware({ vendor, architecture, description, isFallbackAdapter }: GPUAdapterInfo): boolean {
  return SOFTWARE.test(`${vendor} ${architecture} ${description}`) || Boolean(isFallbackAdapter);
}

/** Milliseconds in which a device that is gone says so. */
const LAST_WORDS = 200;

/** The cause of a failure on a device: the device's loss, where it is lost, else the error itself. */
export async function lossOr(gpu: Gpu, error: unknown): Promise<unknown> {
  if (error instanceof PronkError || (error instanceof DOMException && error.name === 'AbortError')) return error;
  const silence = new Promise<false>((resolve) => setTimeout(() => resolve(false), LAST_WORDS));
  if (!(await Promise.race([gpu.lost.then(() => true), silence]))) return error;
  return new PronkError('device-lost', 'The graphics device was lost. What was done so far is kept; try again.', {
    cause: error,
  });
}

/** Makers' spellings of the names that browsers report in lower case. */
const SPELLINGS: Readonly<Record<string, string>> = {
  amd: 'AMD',
  arm: 'Arm',
  nvidia: 'NVIDIA',
  swiftshader: 'SwiftShader',
};

/** The driver's own description, else what the browser tells: mostly maker and family. */
function adapterName({ description, vendor, architecture, device }: GPUAdapterInfo): string {
  const words = [vendor, architecture, device].filter(Boolean);
  const spelt = words.map((word) => SPELLINGS[word] ?? word.slice(0, 1).toUpperCase() + word.slice(1));
  return description || spelt.join(' ') || 'GPU';
}
