// Models as the worker tells of them, for tests that need no more of them than that.
import type { ModelSummary } from '../../worker/contract';

export const someModel = (id: string, values: Partial<ModelSummary> = {}): ModelSummary => ({
  id,
  name: 'Pronk 6M',
  architecture: 'llama',
  parameters: 6_160_000,
  contextLength: 512,
  vocabSize: 4096,
  cacheBytes: { exact: 4, fast: 2, int8: 1 },
  bytes: 6_560_000,
  quantization: 'q8',
  source: 'Comes with Pronk',
  licence: 'MIT',
  bundled: true,
  addedAt: Date.now(),
  usedAt: Date.now(),
  ...values,
});
