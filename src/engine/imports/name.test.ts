import { expect, test } from 'vitest';
import { modelName } from './name';

test.each([
  ['safetensors', 'model', ['my-llama/config.json', 'my-llama/model.safetensors'], 'my-llama'],
  ['safetensors', 'base-7b', ['my-llama/config.json', 'my-llama/model.safetensors'], 'my-llama'],
  ['safetensors', 'base-7b', ['config.json', 'model.safetensors'], 'base-7b'],
  [
    'safetensors',
    'model',
    ['run/checkpoint-500/config.json', 'run/checkpoint-500/model.safetensors'],
    'run checkpoint-500',
  ],
  ['safetensors', 'checkpoint-500', ['checkpoint-500/config.json'], 'checkpoint-500'],
  ['safetensors', 'x', [`models--owner--tiny/snapshots/${'0a'.repeat(20)}/config.json`], 'tiny'],
  [
    'torch',
    'pytorch_model',
    ['point-alpaca/config.json.00.enc', 'point-alpaca/tokenizer.model.00.enc'],
    'point-alpaca',
  ],
  ['torch', 'pytorch_model', ['alpaca/enc/a.enc', 'alpaca/consolidated.00.pth'], 'alpaca'],
  ['meta', '7B', ['llama/7B/params.json', 'llama/tokenizer.model'], 'llama 7B'],
  ['meta', '7B', ['7B/params.json', '7B/consolidated.00.pth'], '7B'],
  ['gguf', 'Qwen2 1.5B', ['downloads/x.gguf'], 'Qwen2 1.5B'],
  ['gguf', 'ggml-model-q4_0', ['tiny-llama/ggml-model-q4_0.gguf'], 'tiny-llama'],
  ['gguf', 'model', ['model.gguf'], 'model'],
  ['gguf', 'model', ['downloads/model.gguf'], 'model'],
] as const)('%s %s in %j: %s', (container, name, paths, expected) => {
  expect(modelName({ container, name }, paths)).toBe(expected);
});
