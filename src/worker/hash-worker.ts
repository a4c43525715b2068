// One digest in a thread of its own.
import { expose } from 'comlink';
import { createHasher, type HashAlgorithm, type Hasher } from '../core/hash';

let hasher: Hasher;

const api = {
  begin: async (algorithm: HashAlgorithm, state?: Uint8Array) => void (hasher = await createHasher(algorithm, state)),
  update: (bytes: Uint8Array<ArrayBuffer>) => hasher.update(bytes),
  save: () => hasher.save(),
  digest: () => hasher.digest(),
};

export type HashWorker = typeof api;

expose(api);
