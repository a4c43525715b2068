// Every kernel of the catalogue through Tint, which gives messages with line and column, and needs no driver.
import { describe, expect, test } from 'vitest';
// Imported first: it sets WebGPU's constants
import { nullDevice } from './device';
import { kernelsFor } from '../../ops/testing/catalog';
import type { Kernel } from '../kernel';
import { snippetOf } from '../wgsl';
import { needProblems } from './needs';

const sources = import.meta.glob<string>('../../../shaders/**/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The ops, as they are written: which shaders each folder imports. */
const ops = import.meta.glob<string>('../../ops/**/*.ts', { query: '?raw', import: 'default', eager: true });

/** What Tint says against a shader, as `line:column message` with the line. */
async function complaints(device: GPUDevice, wgsl: string): Promise<string[]> {
  const { messages } = await device.createShaderModule({ code: wgsl }).getCompilationInfo();
  const lines = wgsl.split('\n');
  return messages.map((each) => `${each.lineNum}:${each.linePos} ${each.message}\n  ${lines[each.lineNum - 1] ?? ''}`);
}

/** The pipeline too: overrides that do not exist, workgroups too large. */
async function makePipeline(
  device: GPUDevice,
  { wgsl, overrides = {} }: Partial<Kernel> & Pick<Kernel, 'wgsl'>,
): Promise<void> {
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

const composed = [...new Set(catalogues.flatMap(({ kernels }) => kernels).map(({ wgsl }) => wgsl))];

/** `loraBindings` of `…/lora-bindings.wgsl` */
const snippetName = (path: string) => snippetOf(path.slice(path.lastIndexOf('/') + 1)) ?? path;

test('the catalogue uses every shader file, each by its own name', () => {
  // files begin with a comment that is theirs alone
  const firstLines = (wgsl: string) =>
    wgsl
      .split('//: snippet ')
      .slice(1)
      .map((each) => each.split('\n', 2).join(': '));
  const used = new Set(composed.flatMap(firstLines));
  const unused = (files: Record<string, string>) =>
    Object.entries(files).flatMap(([path, text]) =>
      used.has(`${snippetName(path)}: ${text.split('\n', 1).join('')}`) ? [] : [path],
    );
  expect(unused(sources)).toEqual([]);
  expect(unused({ other: '// No kernel begins like this.\n' })).toEqual(['other']);
  const [[path, text]] = Object.entries(sources);
  expect(unused({ 'misnamed.wgsl': text }), path).toEqual(['misnamed.wgsl']);
});

test('each snippet says what it needs of others, and no more', () => {
  expect(needProblems(composed)).toEqual([]);
});

test('a need that is not written down is found, and one that is not used', () => {
  const without = (from: string, to: string) =>
    composed.map((wgsl) => wgsl.replace('//: snippet gemm\n', `//: snippet gemm\n${to}`).replace(from, ''));
  expect(needProblems(without('load_block, ', ''))).toContainEqual(
    expect.stringMatching(/^gemm uses load_block \(weights\w+\) and does not say/),
  );
  expect(needProblems(without('', '//: needs Activation\n'))).toEqual([
    'gemm says that it needs Activation and never uses it',
  ]);
});

test('shaders/ has the folders of src/ops, and what only one of them uses lies there', () => {
  const folder = (path: string) => /([^/]+)\/[^/]+$/.exec(path)?.[1] ?? '';
  const importers = new Map<string, string[]>();
  for (const [path, text] of Object.entries(ops)) {
    for (const [, shader = ''] of text.matchAll(/\/shaders\/([\w/-]+\.wgsl)\?raw/g)) {
      importers.set(shader, [...(importers.get(shader) ?? []), folder(path)]);
    }
  }
  const misplaced = Object.keys(sources).flatMap((path) => {
    const shader = path.slice(path.indexOf('/shaders/') + '/shaders/'.length);
    const users = [...new Set(importers.get(shader))];
    const home = users.length === 1 && users[0] !== 'ops' ? users[0] : 'common';
    return folder(shader) === home ? [] : [`${shader} belongs into ${home}/`];
  });
  expect(importers.size).toBe(Object.keys(sources).length);
  expect(misplaced).toEqual([]);
});
