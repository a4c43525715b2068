// Which folder may import which, and which packages. docs/architecture.md shows this table; `npm run check` proves it.

/**
 * @typedef {object} Layer
 * @property {string} folder below src/; the longest one that a file lies in holds
 * @property {string} holds one line about what is in it
 * @property {readonly string[]} may folders that its files may import, beside their own; those below them too
 * @property {readonly string[]} [packages] packages that its files may import; `node:*` stands for all of Node
 * @property {boolean} [named] only those may import it that name it itself, not the folder around it
 * @property {boolean} [shaders] whether its files may import WGSL
 */

const PURE = ['core', 'quant'];
const ENGINE = ['core', 'quant', 'formats', 'tokenizer', 'data', 'storage', 'hub', 'gpu', 'ops', 'model', 'training'];

/** @type {readonly Layer[]} */
export const LAYERS = [
  {
    folder: 'core',
    holds:
      'the nouns that all others share: errors, sources of bytes, hashes, JSON, a model’s configuration, LoRA pairs, stored kinds',
    may: [],
    packages: ['hash-wasm'],
  },
  { folder: 'quant', holds: 'block codecs: the truth that shaders are tested against', may: ['core'] },
  {
    folder: 'formats',
    holds: 'files → configuration, tensors, a tokenizer’s definition; and back',
    may: PURE,
    packages: ['hash-wasm'],
  },
  {
    folder: 'tokenizer',
    holds: 'text ↔ ids; chat and instruct templates',
    may: [...PURE, 'formats'],
    packages: ['@huggingface/tokenizers'],
  },
  {
    folder: 'data',
    holds: 'datasets → rows → masked tokens → micro-batches',
    may: ['core', 'tokenizer'],
    packages: ['papaparse', 'hyparquet', 'hyparquet-compressors'],
  },
  {
    folder: 'storage',
    holds: 'where models, chats and runs are kept',
    may: [...PURE, 'formats', 'tokenizer'],
    packages: ['hash-wasm'],
  },
  {
    folder: 'storage/indexeddb',
    holds: 'the browser’s store',
    may: ['core', 'storage'],
    packages: ['idb-keyval'],
    named: true,
  },
  { folder: 'hub', holds: 'models on the Hugging Face Hub or any server', may: ['core'] },
  {
    folder: 'gpu',
    holds: 'device, buffers, kernels; no other folder opens a device',
    may: ['core'],
    packages: ['webgpu-utils'],
  },
  {
    folder: 'ops',
    holds: 'ops as typed literals: kernel, parameters, bindings, grid, cost, reference',
    may: [...PURE, 'gpu'],
    shaders: true,
  },
  { folder: 'model', holds: 'LLaMA as a list of dispatches, forward and backward', may: [...PURE, 'gpu', 'ops'] },
  {
    folder: 'training',
    holds: 'a run: settings, schedule, steps, checkpoints',
    may: ['core', 'tokenizer', 'data', 'model', 'storage'],
    packages: ['hash-wasm'],
  },
  {
    folder: 'engine',
    holds: 'Pronk as a library: no DOM, no worker',
    may: ENGINE,
    packages: ['hash-wasm', '@mlc-ai/web-xgrammar'],
  },
  {
    folder: 'worker',
    holds: 'the contract with the page, the worker that keeps it, the page’s client',
    may: [...ENGINE, 'engine', 'storage/indexeddb'],
    packages: ['comlink', 'client-zip'],
  },
  {
    folder: 'headless',
    holds: 'the engine under Node: command line and benchmarks',
    may: [...ENGINE, 'engine'],
    packages: ['node:*', 'webgpu', 'fs-native-extensions', 'hash-wasm'],
  },
  {
    folder: 'ui',
    holds: 'the page: a folder a place, with its state and styles',
    may: ['core/defined', 'worker/client', 'worker/contract'],
    packages: ['solid-js', 'marked', 'uplot', '@tanstack/solid-virtual'],
  },
  {
    folder: 'ui/shared',
    holds: 'what several places use; knows none of them',
    may: ['core/defined', 'ui/context', 'worker/client', 'worker/contract'],
    packages: ['solid-js', 'marked'],
  },
  { folder: 'main', holds: 'the page’s start', may: ['ui', 'worker/client'], packages: ['solid-js'] },
];
