// Digests that are computed while bytes stream by, and whose state can be kept between visits.

import { type IHasher, createMD5, createSHA256 } from 'hash-wasm';

export type HashAlgorithm = 'sha256' | 'md5';

/** Bytes go in in order; `update` may return before they are worked off, so its buffer must not be changed after. */
export interface Hasher {
  update(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** What was fed in before this call, for `create`'s `state`, whatever is fed in while it is waited for. */
  save(): Promise<Uint8Array>;
  /** Lower-case hexadecimal; ends the hasher. */
  digest(): Promise<string>;
  /** Frees what it holds, if it is not needed any more. */
  end(): void;
}

/** Makes a hasher; where there are workers it computes in one, beside the reading. */
export type HasherFactory = (algorithm: HashAlgorithm, state?: Uint8Array) => Promise<Hasher>;

/** A hasher in this thread. */
export const createHasher: HasherFactory = async (algorithm, state) => {
  const hasher: IHasher = await (algorithm === 'sha256' ? createSHA256() : createMD5());
  hasher.init();
  if (state) hasher.load(state);
  return {
    update: async (bytes) => void hasher.update(bytes),
    save: async () => hasher.save(),
    digest: async () => hasher.digest('hex'),
    end: () => {},
  };
};
