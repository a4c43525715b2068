// Devices for tests under Node. VK_ICD_FILENAMES says on which driver; tools/test.mjs runs them on each that is there.
// Imported first: it sets WebGPU's constants
import { findAdapter } from '../../headless/dawn';
import { create } from 'webgpu';
import { type Features, type Gpu, openAdapter } from '../device';

/** Features that kernels choose their form by. */
const OPTIONAL = { f16: 'shader-f16', subgroups: 'subgroups' } as const satisfies Record<
  Exclude<keyof Features, 'subgroupSize'>,
  GPUFeatureName
>;

/** A device with a driver, and what it was told to have. */
export interface TestDevice extends Gpu {
  /** For a test's title: `plain`, `f16`, `subgroups` or `f16 subgroups`. */
  readonly variant: string;
}

/** An adapter that offers fewer features than it has. */
function without(adapter: GPUAdapter, hidden: readonly GPUFeatureName[]): GPUAdapter {
  return {
    info: adapter.info,
    limits: adapter.limits,
    features: new Set([...adapter.features].filter((name) => !hidden.includes(name as GPUFeatureName))),
    requestDevice: (descriptor?: GPUDeviceDescriptor) => adapter.requestDevice(descriptor),
  } as unknown as GPUAdapter;
}

async function open(adapter: GPUAdapter, features: Features): Promise<TestDevice> {
  const names = Object.keys(OPTIONAL) as (keyof typeof OPTIONAL)[];
  const gpu = await openAdapter(
    without(
      adapter,
      names.filter((name) => !features[name]).map((name) => OPTIONAL[name]),
    ),
  );
  return { ...gpu, variant: names.filter((name) => features[name]).join(' ') || 'plain' };
}

let devices: Promise<readonly TestDevice[]> | undefined;

/**
 * One device with each combination of f16 and subgroups that the adapter offers, the plain one first; made once a process.
 * @throws PronkError `no-adapter`
 */
export function testDevices(): Promise<readonly TestDevice[]> {
  devices ??= (async () => {
    const { features } = await findAdapter();
    const choices = (name: keyof typeof OPTIONAL) => (features.has(OPTIONAL[name]) ? [false, true] : [false]);
    const variants = choices('f16').flatMap((f16) => choices('subgroups').map((subgroups) => ({ f16, subgroups })));
    // an adapter makes one device
    return Promise.all(variants.map(async (variant) => open(await findAdapter(), variant)));
  })();
  return devices;
}

/** Dawn loses what the garbage collector takes, and Node crashes. */
const kept: unknown[] = [];

/**
 * A device that checks shaders and commands as any other and computes nothing: needs no driver. Its limits are the least that
 * WebGPU grants (https://www.w3.org/TR/webgpu/#limits): what it takes runs on phones too.
 */
export async function nullDevice(features: Features = { f16: true, subgroups: true }): Promise<TestDevice> {
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('Dawn has no null backend');
  kept.push(gpu, adapter);
  const least = Object.create(adapter, {
    requestDevice: {
      value: ({ requiredFeatures = [] }: GPUDeviceDescriptor = {}) => adapter.requestDevice({ requiredFeatures }),
    },
  }) as GPUAdapter;
  // the null backend computes nothing, so that what it reads back does not tell how invocations are dealt
  return { ...(await open(least, features)), features };
}
