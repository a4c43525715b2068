// Models in files as their publishers offer them: a module apart, since a page that uses stored models needs no reader
// of files.
import type { HasherFactory } from '../../core/hash';
import { baseName, type Source } from '../../core/source';
import { openCheckpoint, openTokenizer } from '../../formats/checkpoint/open';
import { keepRounds, type Quantize, weightTensors } from '../../formats/checkpoint/weights';
import { sha256Of } from '../../formats/patches/xor';
import { storedKind } from '../../quant/elements';
import { identify } from '../imports/identity';
import { fingerprintOf, type Model, type ModelOrigin, opensOnce, weightBytes } from './model';

/** A model, or a tokenizer, in files that stay where they are. */
export function modelInFiles(files: readonly Source[], quantize: Quantize = 'keep'): ModelOrigin {
  return opensOnce(
    () => openFiles(files, quantize),
    () => openTokenizer(files),
  );
}

async function openFiles(files: readonly Source[], quantize: Quantize): Promise<Model> {
  const checkpoint = await openCheckpoint(files);
  const { name, licence, config, tokenizer, notes = [] } = checkpoint;
  const own = [...checkpoint.tensors.values()];
  const tensors = weightTensors(checkpoint, quantize);
  return {
    name,
    licence,
    source: files.map((file) => file.name).join(', '),
    config,
    tokenizer,
    tensors,
    kinds: own.map(({ type }) => storedKind(type)),
    types: own.map(({ type }) => type),
    parameters: own.reduce((sum, { rows, columns }) => sum + rows * columns, 0),
    bytes: weightBytes(tensors),
    notes,
    rounds: quantize === 'keep' ? keepRounds(own) : undefined,
    async fingerprint() {
      const known = await Promise.all(files.map((source) => identify({ source, path: source.name })));
      return fingerprintOf(
        quantize,
        known.map(({ size, sample }) => `${size} ${sample}`),
      );
    },
    digests: async (hashers) => ({ files: await Promise.all(files.map((file) => fileDigest(file, hashers))) }),
  };
}

async function fileDigest(file: Source, hashers: HasherFactory | undefined) {
  return { name: baseName(file.name), bytes: file.size, sha256: await sha256Of(file, hashers) };
}
