import { describe, expect, test, vi } from 'vitest';
import { testDevices } from './testing/device';
import { dealsInOrder } from './subgroups';
import { findAdapter } from '../headless/dawn';

const devices = (await testDevices()).filter(({ variant }) => variant.includes('subgroups'));

describe.skipIf(devices.length === 0)(
  'the order in which invocations are dealt to subgroups (skipped where the driver has none)',
  () => {
    for (const { device, variant, features } of devices) {
      test(`${variant}: is kept by this driver, and found not to be where threads change places`, async () => {
        const least = features.subgroupSize ?? 4;
        expect(features.subgroups).toBe(true);
        expect(await dealsInOrder(device, least)).toBe(true);
        for (const swapped of [1, 2]) expect(await dealsInOrder(device, least, swapped), `${swapped}`).toBe(false);
      });

      test(`${variant}: subgroups narrower than they are taken for are found`, async () => {
        expect(await dealsInOrder(device, 256)).toBe(false);
      });

      test(`${variant}: a device that computes nothing counts as one that keeps it`, async () => {
        const code = `override THREADS: u32; override FIRST: u32; override LEAST: u32; override SWAPPED: u32;
        @compute @workgroup_size(THREADS) fn main() {}`;
        const idle = device.createShaderModule({ code });
        const spy = vi.spyOn(device, 'createShaderModule').mockReturnValueOnce(idle);
        expect(await dealsInOrder(device, 4, 1)).toBe(true);
        expect(await dealsInOrder(device, 4, 1)).toBe(false);
        spy.mockRestore();
      });
    }

    test('a device that is lost meanwhile has none', async () => {
      const adapter = await findAdapter();
      const device = await adapter.requestDevice({ requiredFeatures: ['subgroups'] });
      const looking = dealsInOrder(device, 4);
      device.destroy();
      expect(await looking).toBe(false);
    });
  },
);

test('a device without subgroups is not asked', async () => {
  const [{ device, features }] = await testDevices();
  expect(features).toEqual({ f16: false, subgroups: false });
  // negative control: a device without subgroups fails to compile the question
  device.addEventListener('uncapturederror', (event) => event.preventDefault());
  expect(await dealsInOrder(device, 4)).toBe(false);
});
