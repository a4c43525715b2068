// Digests in threads, so that hashing goes on beside reading and writing.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Hasher, HasherFactory } from '../../core/hash';
import type { Answer, Task } from './hash-thread';

/**
 * Bytes go to a thread through memory that it shares: a few slots, used again and again. Fresh memory for each piece would
 * cost more than copying into it.
 */
const SLOT_BYTES = 4 << 20;
const SLOTS = 8;

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
  readonly #free: SharedArrayBuffer[] = [];
  /** Those who wait for a slot, in their order. */
  readonly #wanting: ((slot: SharedArrayBuffer) => void)[] = [];
  #slots = 0;
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
    /** The last task of a hasher. Answers that are due come before its own, so that every slot is given back. */
    const last = async (task: 'digest' | 'end') => {
      try {
        return await this.#ask({ task, id });
      } finally {
        this.#waiting.delete(id);
        this.hashers--;
        this.#refOrUnref();
      }
    };
    let ended = false;
    await this.#ask({ task: 'begin', id, ...how });
    let failed: Error | undefined;
    const add = async (piece: Uint8Array) => {
      const slot = await this.#takeSlot();
      if (failed) return this.#giveSlot(slot);
      const bytes = new Uint8Array(slot, 0, piece.length);
      bytes.set(piece);
      this.#ask({ task: 'update', id, bytes })
        .catch((error: Error) => void (failed = error))
        .finally(() => this.#giveSlot(slot));
    };
    return {
      update: async (bytes) => {
        for (let at = 0; at < bytes.length; at += SLOT_BYTES) await add(bytes.subarray(at, at + SLOT_BYTES));
        if (failed) throw failed;
      },
      save: async () => (await this.#ask({ task: 'save', id })) as Uint8Array,
      digest: async () => {
        ended = true;
        const digest = await last('digest');
        if (failed) throw failed;
        return digest as string;
      },
      end: () => {
        if (ended) return;
        ended = true;
        last('end').catch(() => {});
      },
    };
  }

  /** Memory to put bytes into; waits until the thread is done with some. */
  async #takeSlot(): Promise<SharedArrayBuffer> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#slots < SLOTS) {
      this.#slots++;
      return new SharedArrayBuffer(SLOT_BYTES);
    }
    return new Promise((resolve) => this.#wanting.push(resolve));
  }

  #giveSlot(slot: SharedArrayBuffer): void {
    const next = this.#wanting.shift();
    if (next) next(slot);
    else this.#free.push(slot);
  }

  #ask(task: Task): Promise<Uint8Array | string | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      this.#waiting.get(task.id)?.push({ resolve, reject });
      this.#worker.postMessage(task);
      this.#refOrUnref();
    });
  }

  /** The process lives on while an answer is due, and no longer. */
  #refOrUnref(): void {
    if ([...this.#waiting.values()].some((each) => each.length > 0)) this.#worker.ref();
    else this.#worker.unref();
  }
}
