// Training runs in a store: a record each, whose checkpoint names shards. A checkpoint's shards are written first, then the
// record in one step, then the old shards go: whatever moment a page dies at, one whole checkpoint is there.
import { PronkError } from '../core/errors';
import type { StoredShard } from '../storage/manifest';
import { readShard, writeShard } from '../storage/shards';
import { type Store, TRAINING_SHARDS } from '../storage/store';
import type { Checkpoint, CheckpointHead, RunIdentity } from './checkpoint';

/** A checkpoint as it lies in the store. */
interface StoredCheckpoint extends CheckpointHead {
  readonly arrays: Readonly<Record<string, StoredShard>>;
}

/** What every kind of run has. */
export interface StoredRun {
  readonly id: string;
  readonly name: string;
  /** Absent before its data was looked at. */
  readonly identity?: RunIdentity;
  readonly checkpoint?: StoredCheckpoint;
  /** The rows that it learns from, as JSON: their dataset may be edited or removed meanwhile. */
  readonly rows?: StoredShard;
}

export class RunStore<Run extends StoredRun> {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async list(): Promise<Run[]> {
    const ids = await this.#store.records.keys('trainings');
    const runs = await Promise.all(ids.map((id) => this.get(id)));
    return runs.filter((run) => run !== undefined);
  }

  get(id: string): Promise<Run | undefined> {
    return this.#store.records.get<Run>('trainings', id);
  }

  /** Writes a run's record; its checkpoint must be one that is stored. */
  put(run: Run): Promise<void> {
    return this.#store.records.set('trainings', run.id, run);
  }

  /** Stores a checkpoint with its run, in place of the one before. @throws PronkError `quota-exceeded` */
  async save(run: Run, { arrays, ...head }: Checkpoint): Promise<Run> {
    const prefix = `${shardsOf(run.id)}${crypto.randomUUID()}/`;
    const stored: Record<string, StoredShard> = {};
    try {
      for (const [name, { buffer, byteOffset, byteLength }] of Object.entries(arrays)) {
        const bytes = new Uint8Array(buffer, byteOffset, byteLength);
        stored[name] = await writeShard(this.#store.shards, `${prefix}${name}`, bytes);
      }
    } catch (error) {
      // the record names the checkpoint before; what was begun of this one goes, if it can
      await this.#tidy(run).catch(() => {});
      throw error;
    }
    const saved = { ...run, checkpoint: { ...head, arrays: stored } };
    await this.put(saved);
    // what is left behind is taken by the next one
    await this.#tidy(saved).catch(() => {});
    return saved;
  }

  /** Stores a run's rows with it, plain JSON values. @throws PronkError `quota-exceeded` */
  async keepRows(run: Run, rows: readonly unknown[]): Promise<Run> {
    const bytes = new TextEncoder().encode(JSON.stringify(rows));
    const kept = { ...run, rows: await writeShard(this.#store.shards, `${shardsOf(run.id)}rows`, bytes) };
    await this.put(kept);
    return kept;
  }

  /** The rows of a run; undefined where none were kept. @throws PronkError `corrupt-file` */
  async rows({ name, rows }: Run): Promise<unknown[] | undefined> {
    if (!rows) return undefined;
    const bytes = await readShard(this.#store.shards, rows, name).catch((cause: unknown) => {
      throw damaged(cause, `The rows of ${name} are damaged, so it cannot be resumed. Start it again.`);
    });
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown[];
  }

  /** The checkpoint of a run. @throws PronkError `no-checkpoint`, `corrupt-file` */
  async load({ name, checkpoint }: Run): Promise<Checkpoint> {
    if (!checkpoint) throw new PronkError('no-checkpoint', `${name} has no checkpoint to resume from. Start it again.`);
    const { arrays, ...head } = checkpoint;
    const read = async (shard: StoredShard) => {
      const bytes = await readShard(this.#store.shards, shard, name).catch((cause: unknown) => {
        throw damaged(cause, `The checkpoint of ${name} is damaged, so it cannot be resumed. Start it again.`);
      });
      return new Float32Array(bytes.slice().buffer);
    };
    const entries = Object.entries(arrays).map(async ([key, shard]) => [key, await read(shard)] as const);
    return { ...head, arrays: Object.fromEntries(await Promise.all(entries)) };
  }

  /** Removes a run: its record first, so that an interruption leaves only shards, which `sweep` takes. */
  async remove(id: string): Promise<void> {
    await this.#store.records.delete('trainings', id);
    await this.#deleteShards((key) => key.startsWith(shardsOf(id)));
  }

  /** Deletes shards that no run names. Only to be called while nobody trains, in any tab. */
  async sweep(): Promise<void> {
    // keys first: what is begun after this is not among them
    const keys = new Set((await this.#store.shards.keys()).filter((key) => key.startsWith(TRAINING_SHARDS)));
    if (keys.size === 0) return;
    const named = new Set((await this.list()).flatMap(shardKeys));
    await this.#deleteShards((key) => keys.has(key) && !named.has(key));
  }

  /** Deletes a run's shards that its record does not name. */
  async #tidy(run: Run): Promise<void> {
    const named = new Set(shardKeys(run));
    await this.#deleteShards((key) => key.startsWith(shardsOf(run.id)) && !named.has(key));
  }

  async #deleteShards(lost: (key: string) => boolean): Promise<void> {
    for (const key of await this.#store.shards.keys()) if (lost(key)) await this.#store.shards.delete(key);
  }
}

const shardsOf = (id: string) => `${TRAINING_SHARDS}${id}/`;

const shardKeys = ({ checkpoint, rows }: StoredRun) =>
  [...Object.values(checkpoint?.arrays ?? {}), ...(rows ? [rows] : [])].map(({ key }) => key);

/** What was read is not what was stored; whatever else went wrong stays what it is. */
function damaged(cause: unknown, message: string): unknown {
  return cause instanceof PronkError ? new PronkError('corrupt-file', message, { cause }) : cause;
}
