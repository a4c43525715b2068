// Every kernel of the catalogue through Tint, which gives messages with line and column, and needs no driver.
import { describe, expect, test } from 'vitest';
// Imported first: it sets what webgpu-utils looks for
import { nullDevice } from './device';
import { kernelsFor } from '../../ops/testing/catalog';
import type { Kernel } from '../kernel';

const sources = import.meta.glob<string>('../../../shaders/**/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** What Tint says against a shader, as `line:column message` with the line. */
async function complaints(device: GPUDevice, wgsl: string): Promise<string[]> {
  const { messages } = await device.createShaderModule({ code: wgsl }).getCompilationInfo();
  const lines = wgsl.split('\n');
  return messages.map((each) => `${each.lineNum}:${each.linePos} ${each.message}\n  ${lines[each.lineNum - 1] ?? ''}`);
}

/** The pipeline too: overrides that do not exist, workgroups too large. */
async function makePipeline(device: GPUDevice, { wgsl, overrides = {} }: Kernel): Promise<void> {
  const module = device.createShaderModule({ code: wgsl });
  const compute = { module, entryPoint: 'main', constants: { ...overrides } };
  await device.createComputePipelineAsync({ layout: 'auto', compute });
}

/** Kernels by what is written over their test. */
function titled(kernels: readonly Kernel[]): Map<string, Kernel[]> {
  const groups = new Map<string, Kernel[]>();
  for (const kernel of kernels) groups.set(kernel.label, [...(groups.get(kernel.label) ?? []), kernel]);
  return groups;
}

const FEATURES = [false, true].flatMap((f16) => [false, true].map((subgroups) => ({ f16, subgroups })));

/** Composing them takes half a second each. */
const catalogues = FEATURES.map((features) => ({ features, kernels: kernelsFor(features) }));

for (const { features, kernels: all } of catalogues) {
  // the device has these features and no others: a kernel that needs more is refused
  const { device, variant } = await nullDevice(features);
  device.addEventListener('uncapturederror', (event) => event.preventDefault());
  describe(`Tint, ${variant}`, () => {
    for (const [label, kernels] of titled(all)) {
      test(`${label}, ${kernels.length} variants`, async () => {
        for (const kernel of kernels) {
          expect(await complaints(device, kernel.wgsl)).toEqual([]);
          await makePipeline(device, kernel);
        }
      });
    }

    test('what must be refused is', async () => {
      const main = '@compute @workgroup_size(1) fn main()';
      const found = await complaints(device, `${main} {\n  let x = misspelt;\n}`);
      expect(found.join()).toMatch(/^2:11 .*unresolved value/);
      const unknown = { label: 'unknown override', wgsl: `${main} {}`, overrides: { NONE: 1 } };
      await expect(makePipeline(device, unknown)).rejects.toThrow('NONE');
      const greedy = `var<workgroup> all: array<vec4f, 1025>;\n${main} { all[0].x = 1; }`;
      await expect(makePipeline(device, { label: 'greedy', wgsl: greedy })).rejects.toThrow('16400');
      if (!features.f16) expect(await complaints(device, 'enable f16;')).not.toEqual([]);
    });
  });
}

test('the catalogue uses every shader file', () => {
  const all = catalogues.flatMap(({ kernels }) => kernels).map(({ wgsl }) => wgsl);
  // files begin with a comment that is theirs alone
  const unused = (files: Record<string, string>) =>
    Object.keys(files).filter((path) => !all.some((wgsl) => wgsl.includes(files[path].split('\n', 1)[0])));
  expect(unused(sources)).toEqual([]);
  expect(unused({ other: '// No kernel begins like this.\n' })).toEqual(['other']);
});
