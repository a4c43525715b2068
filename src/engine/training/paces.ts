// How long a step of a plan takes: as it was measured, or as runs of that very plan took.
import type { TrainingConfig } from '../../training/config';
import type { RunRecord } from '../../training/run-record';
import type { TrainingRequest } from './types';

/** Steps that a pace is taken from. */
const LATEST = 20;

export class Paces {
  readonly #known = new Map<string, number>();
  #read: Promise<void> | undefined;

  /** Keeps what a step of a request took, in seconds. */
  set(request: TrainingRequest, seconds: number): void {
    this.#known.set(stepKey(request), seconds);
  }

  /** Keeps what the steps of a run took. */
  learn({ request, log }: Pick<RunRecord, 'request' | 'log'>): void {
    // the first of them compiles
    const seconds = log
      .slice(1)
      .slice(-LATEST)
      .map((record) => record.seconds);
    if (seconds.length > 0) this.set(request, median(seconds));
  }

  /** Seconds of a step, where they are known. @param runs those that are stored, read once */
  async of(request: TrainingRequest, runs: () => Promise<readonly RunRecord[]>): Promise<number | undefined> {
    const key = stepKey(request);
    if (this.#known.has(key)) return this.#known.get(key);
    this.#read ??= runs().then((all) => {
      for (const run of all.toSorted((a, b) => a.startedAt - b.startedAt)) this.learn(run);
    });
    await this.#read.catch(() => {});
    return this.#known.get(key);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** What a step's time depends on. */
function stepKey({ modelId, datasetId, config }: TrainingRequest): string {
  const { r, target_modules, layers_to_transform, cutoff_len, packing, gradient_checkpointing } = config;
  const { per_device_train_batch_size, gradient_accumulation_steps }: TrainingConfig = config;
  const shape = [r, target_modules, layers_to_transform, cutoff_len, packing, gradient_checkpointing];
  return JSON.stringify([modelId, datasetId, ...shape, per_device_train_batch_size, gradient_accumulation_steps]);
}
