// Prints a kernel's composed WGSL with the line numbers that Dawn's and Firefox's messages name, or lists kernels.
//   npm run wgsl                            every kernel of the catalogue, by the words that it is found by
//   npm run wgsl -- gemm q4                 the kernels that have these words, or the source where they share one
//   npm run wgsl -- gemm q4 HAS_BIAS=false Input=f32 Output=f32
import { createServer } from 'vite';

const FEATURES = [false, true].flatMap((f16) => [false, true].map((subgroups) => ({ f16, subgroups })));

/** @returns {Promise<import('../src/ops/testing/variants').NamedVariant[]>} those that some device gets, and that have all words */
async function variants(words) {
  const server = await createServer({ server: { middlewareMode: true }, appType: 'custom', logLevel: 'error' });
  try {
    const { kernelsFor } = await server.ssrLoadModule('/src/ops/testing/catalog.ts');
    const { findVariants, nameVariants } = await server.ssrLoadModule('/src/ops/testing/variants.ts');
    const key = ({ wgsl, overrides }) => `${wgsl}${JSON.stringify(overrides)}`;
    const all = new Map(FEATURES.flatMap(kernelsFor).map((kernel) => [key(kernel), kernel]));
    return findVariants(nameVariants([...all.values()]), words);
  } finally {
    await server.close();
  }
}

const words = process.argv.slice(2);
const found = await variants(words);
const sources = new Set(found.map(({ kernel }) => kernel.wgsl));
const titles = found.map((each) => each.words.join(' '));
if (found.length === 0) {
  console.error(`No kernel has the words ${words.join(' ')}. "npm run wgsl" lists them all.`);
  process.exitCode = 1;
} else {
  // a reader such as head may close before the end
  process.stdout.on('error', () => {});
  const numbered = [...sources].join('').split('\n');
  const width = String(numbered.length).length;
  const source = numbered.map((line, i) => `${String(i + 1).padStart(width)}  ${line}`.trimEnd());
  const lines = sources.size === 1 ? [...titles.map((title) => `// ${title}`), ...source] : titles;
  process.stdout.write(`${lines.join('\n')}\n`);
}
