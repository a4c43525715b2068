// A model of a few thousand random weights that reads byte by byte, and its GGUF file: for pages and tests without a GPU.
import type { TokenizerSpec } from '../../core/checkpoint';
import type { ModelConfig } from '../../core/model-config';
import { exportGguf } from '../../engine/export/gguf';
import type { Model } from '../../engine/models/model';
import { randomModel } from '../../model/testing/random-model';

const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/** Its context is as long as tests want it. */
export const TOY: ModelConfig = {
  architecture: 'llama',
  vocabSize: 3 + BYTES.length,
  hiddenSize: 32,
  intermediateSize: 64,
  numLayers: 2,
  numHeads: 2,
  numKeyValueHeads: 2,
  headDim: 16,
  contextLength: 8192,
  rmsNormEps: 1e-5,
  ropeTheta: 10_000,
  tieWordEmbeddings: false,
};

const tokenizer: TokenizerSpec = {
  definition: {
    kind: 'gguf',
    model: 'llama',
    tokens: ['<unk>', '<s>', '</s>', ...BYTES],
    types: [2, 3, 3, ...BYTES.map(() => 6)],
  },
  bosId: 1,
  eosIds: [2],
  addBos: true,
  specialTokens: { bos_token: '<s>', eos_token: '</s>' },
};

const { tensors } = randomModel(TOY, 'f16');

/** The model under a name. */
export const toyModel = (name: string, licence?: string): Model => ({
  name,
  licence,
  source: 'toy',
  config: TOY,
  tokenizer,
  tensors,
  kinds: tensors.map(({ kind }) => kind),
  parameters: tensors.reduce((sum, { rows, columns }) => sum + rows * columns, 0),
  bytes: tensors.reduce((sum, { rows, columns }) => sum + 2 * rows * columns, 0),
  notes: [],
  fingerprint: async () => 'toy',
  digests: async () => ({}),
});

/** The model as a GGUF file. */
export async function toyFile(name: string): Promise<File> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of exportGguf(TOY, tokenizer, tensors, { name: name.replace(/\.gguf$/, '') }))
    pieces.push(piece);
  return new File(pieces, name);
}
