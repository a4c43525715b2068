import { expect, test } from 'vitest';
import { fromStoredConfig, type ModelConfig, toStoredConfig } from './model-config';

const config: ModelConfig = {
  architecture: 'mistral',
  vocabSize: 32_000,
  hiddenSize: 4096,
  intermediateSize: 14_336,
  numLayers: 32,
  numHeads: 32,
  numKeyValueHeads: 8,
  headDim: 128,
  contextLength: 32_768,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  tieWordEmbeddings: false,
  slidingWindow: 4096,
};

/** A record as versions before 2026-11-30 wrote it. */
const stored = {
  architecture: 'mistral',
  vocabularySize: 32_000,
  width: 4096,
  feedForwardWidth: 14_336,
  layers: 32,
  heads: 32,
  keyValueHeads: 8,
  headWidth: 128,
  contextLength: 32_768,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  tiedHead: false,
  slidingWindow: 4096,
};

test('a store keeps the names that its records had, in their order', () => {
  expect(JSON.stringify(toStoredConfig(config))).toBe(JSON.stringify(stored));
  expect(fromStoredConfig(stored as ReturnType<typeof toStoredConfig>)).toEqual(config);
});
