// Digests in threads, so that hashing goes on beside reading and writing.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Hasher, HasherFactory } from '../formats/hash';
import type { Answer, Task } from './hash-thread';

/** Bytes that may wait to be hashed before `update` waits too. */
const MAX_WAITING = 16 << 20;

export interface ThreadOptions {
  /**
   * Whether `save` is wanted. Without it, Node's own SHA-256 is used, which is several times as fast, and `save` and a
   * state are refused.
   */
  readonly resumable: boolean;
  /** The thread's program, compiled. */
  readonly program?: URL;
  readonly threads?: number;
}

/** The program beside this module or, where this became part of a chunk, above it. */
function builtProgram(): URL {
  const here = new URL('./hash-thread.js', import.meta.url);
  return existsSync(here) ? here : new URL('../hash-thread.js', import.meta.url);
}

/** Makes hashers that compute in a few threads, which end with the process. */
export function threadHashers({
  resumable,
  program = builtProgram(),
  threads = Math.min(3, Math.max(1, availableParallelism() - 1)),
}: ThreadOptions): HasherFactory {
  const pool: HashThread[] = [];
  return async (algorithm, state) => {
    if (state && !resumable) throw new RangeError('A hasher that is not resumable takes no state');
    // the one with the least to do; a new one while there may be more
    let thread = pool.toSorted((a, b) => a.hashers - b.hashers)[0];
    if (!thread || (thread.hashers > 0 && pool.length < threads)) pool.push((thread = new HashThread(program)));
    return thread.begin({ algorithm, state, resumable });
  };
}

interface Waiting {
  readonly resolve: (value: Uint8Array | string | undefined) => void;
  readonly reject: (error: Error) => void;
}

class HashThread {
  /** How many are under way. */
  hashers = 0;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting[]>();
  #next = 0;
  #dead: Error | undefined;

  constructor(program: URL) {
    this.#worker = new Worker(program);
    this.#worker.on('message', ({ id, value, error }: Answer) => {
      const first = this.#waiting.get(id)?.shift();
      if (error === undefined) first?.resolve(value);
      else first?.reject(new Error(error));
      this.#refOrUnref();
    });
    this.#worker.on('error', (error) => {
      this.#dead = error;
      for (const { reject } of [...this.#waiting.values()].flat()) reject(error);
      this.#waiting.clear();
    });
    this.#refOrUnref();
  }

  async begin(how: Omit<Task & { task: 'begin' }, 'task' | 'id'>): Promise<Hasher> {
    const id = this.#next++;
    this.#waiting.set(id, []);
    this.hashers++;
    const end = () => {
      if (!this.#waiting.has(id)) return;
      this.#waiting.delete(id);
      this.hashers--;
      this.#refOrUnref();
    };
    await this.#ask({ task: 'begin', id, ...how });
    let waitingBytes = 0;
    let failed: Error | undefined;
    const updates: Promise<void>[] = [];
    return {
      update: async (bytes) => {
        // the copy goes to the thread: the caller's bytes may be in use elsewhere
        const copy = bytes.slice();
        const { length } = copy;
        waitingBytes += length;
        const update = this.#ask({ task: 'update', id, bytes: copy }, [copy.buffer]).then(
          () => void (waitingBytes -= length),
          (error: Error) => void (failed = error),
        );
        updates.push(update.then(() => void updates.shift()));
        while (waitingBytes > MAX_WAITING && !failed) await updates[0];
        if (failed) throw failed;
      },
      save: async () => (await this.#ask({ task: 'save', id })) as Uint8Array,
      digest: async () => {
        const digest = await this.#ask({ task: 'digest', id });
        end();
        if (failed) throw failed;
        return digest as string;
      },
      end: () => {
        if (this.#waiting.has(id)) this.#worker.postMessage({ task: 'end', id } satisfies Task);
        end();
      },
    };
  }

  #ask(task: Task, transfer: ArrayBuffer[] = []): Promise<Uint8Array | string | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      this.#waiting.get(task.id)?.push({ resolve, reject });
      this.#worker.postMessage(task, transfer);
      this.#refOrUnref();
    });
  }

  /** The process lives on while an answer is due, and no longer. */
  #refOrUnref(): void {
    if ([...this.#waiting.values()].some((each) => each.length > 0)) this.#worker.ref();
    else this.#worker.unref();
  }
}
