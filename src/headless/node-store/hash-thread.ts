// A thread that computes digests, several at once, each by a number. Messages are worked off in order.
import { defined } from '../../core/defined';
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { type HashAlgorithm, type Hasher, createHasher } from '../../core/hash';

export type Task =
  | {
      readonly task: 'begin';
      readonly id: number;
      readonly algorithm: HashAlgorithm;
      readonly state?: Uint8Array | undefined;
      readonly resumable: boolean;
    }
  | {
      readonly task: 'update';
      readonly id: number /** In memory that is shared, and free again once it is answered. */;
      readonly bytes: Uint8Array<SharedArrayBuffer>;
    }
  | { readonly task: 'save' | 'digest' | 'end'; readonly id: number };

/** One for each task, in the tasks' order. */
export interface Answer {
  readonly id: number;
  readonly value?: Uint8Array | string;
  readonly error?: string;
}

const hashers = new Map<number, Hasher>();
// one after another: a hasher's calls must not overtake each other
let last: Promise<void> = Promise.resolve();

const starter = defined(parentPort, 'the thread that started this one');
starter.on('message', (message: Task) => {
  last = last.then(async () => {
    const { id } = message;
    try {
      const value = await work(message);
      starter.postMessage({ id, ...(value !== undefined && { value }) } satisfies Answer);
    } catch (error) {
      starter.postMessage({ id, error: String(error) } satisfies Answer);
    }
  });
});

async function work(message: Task): Promise<Uint8Array | string | undefined> {
  const { id, task } = message;
  if (task === 'begin') {
    const { algorithm, state, resumable } = message;
    hashers.set(id, await (resumable ? createHasher(algorithm, state) : nativeHasher(algorithm)));
    return undefined;
  }
  const hasher = hashers.get(id);
  if (!hasher) return undefined;
  // hashers that work at once, as these do, take any memory
  if (task === 'update') return void (await hasher.update(message.bytes as unknown as Uint8Array<ArrayBuffer>));
  if (task === 'save') return hasher.save();
  hashers.delete(id);
  if (task === 'digest') return hasher.digest();
  return hasher.end() as undefined;
}

/** Node's own: several times as fast, but its state cannot be had. */
function nativeHasher(algorithm: HashAlgorithm): Hasher {
  const hash = createHash(algorithm);
  return {
    update: async (bytes) => void hash.update(bytes),
    save: () => Promise.reject(new Error('A hasher that is not resumable has no state to save')),
    digest: async () => hash.digest('hex'),
    end: () => {},
  };
}
