// Every kernel of the catalogue through Tint, which gives messages with line and column, and needs no driver.
import { describe, expect, test } from 'vitest';
import { nullDevice } from './device';
import type { Kernel } from '../kernel';

const catalogues = import.meta.glob<Record<string, unknown>>('../../ops/catalog.ts', { eager: true });
const kernels = Object.values(catalogues).flatMap((module) =>
  Object.values(module).filter(Array.isArray).flat(),
) as Kernel[];
const { device } = await nullDevice();
device.addEventListener('uncapturederror', (event) => event.preventDefault());

/** What Tint says against a shader, as `line:column message` with the line. */
async function complaints(wgsl: string): Promise<string[]> {
  const { messages } = await device.createShaderModule({ code: wgsl }).getCompilationInfo();
  const lines = wgsl.split('\n');
  return messages.map((each) => `${each.lineNum}:${each.linePos} ${each.message}\n  ${lines[each.lineNum - 1] ?? ''}`);
}

describe('Tint', () => {
  for (const kernel of kernels) {
    test(`${kernel.label} ${JSON.stringify(kernel.overrides ?? {})}`, async () => {
      expect(await complaints(kernel.wgsl)).toEqual([]);
      // the pipeline too: overrides that do not exist, workgroups too large
      const module = device.createShaderModule({ code: kernel.wgsl });
      const constants = { ...kernel.overrides };
      await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main', constants } });
    });
  }

  test('a shader with a misspelt name is refused', async () => {
    const found = await complaints('@compute @workgroup_size(1) fn main() { let x = misspelt; }');
    expect(found.join()).toContain('unresolved value');
  });
});
