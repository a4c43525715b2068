// How long a step takes, by a part of one that is really computed: two seconds of work, whatever the size of the step.
import type { LoraTrainer, MicroBatch } from '../../model/lora-types';
import { labelCount } from '../../training/loop';

/** Milliseconds of work after which enough is known, where it is at least this share of a micro-batch. */
const ENOUGH = 2000;
const LEAST_SHARE = 0.05;
/** Milliseconds after which less has to do. */
const MOST = 10_000;

/** Told before each slice of a pass which share of the pass is done; it may end the pass by throwing. */
export interface PassWatch {
  onSlice: (share: number) => void;
}

const enough = Symbol('enough is known');

/**
 * Seconds of a step by its micro-batches; what was accumulated is of no use afterwards.
 * @param watch what the trainer tells of its passes
 * @param onProgress told shares of the way to knowing enough
 * @throws whatever the trainer throws
 */
export async function timeStep(
  trainer: LoraTrainer,
  batches: readonly MicroBatch[],
  watch: PassWatch,
  onProgress: (share: number) => void = () => {},
  now: () => number = () => performance.now(),
): Promise<number> {
  const pass = (batch: MicroBatch) => trainer.accumulate(batch, 1 / Math.max(1, labelCount(batch)), 0);
  const first = shortestRow(batches);
  // drivers compile when a kernel is first used
  if (first) await pass(first);
  const all = batches.reduce((sum, { ids }) => sum + ids.length, 0);
  const started = now();
  let tokens = 0;
  for (const { ids, ...rest } of batches) {
    let share = 0;
    watch.onSlice = (done) => {
      share = done;
      const spent = now() - started;
      const known = tokens + share * ids.length;
      onProgress(Math.min(1, Math.max(spent / ENOUGH, known / all)));
      const wellKnown = spent > ENOUGH && (tokens > 0 || share >= LEAST_SHARE);
      // eslint-disable-next-line no-throw-literal -- an end, and no error
      if (wellKnown || (spent > MOST && known > 0)) throw enough;
    };
    try {
      await pass({ ids, ...rest });
      tokens += ids.length;
    } catch (error) {
      if (error !== enough) throw error;
      tokens += share * ids.length;
      break;
    }
    if (now() - started > ENOUGH) break;
  }
  return ((now() - started) / 1000) * (all / Math.max(1, tokens));
}

/** The row with the fewest tokens of those with something to learn, as a micro-batch of its own. */
function shortestRow(batches: readonly MicroBatch[]): MicroBatch | undefined {
  let best: MicroBatch | undefined;
  for (const { ids, positions, targets, rows } of batches) {
    const starts = [...positions.keys()].filter((t) => positions[t] === 0);
    for (const [i, start] of starts.entries()) {
      const end = starts[i + 1] ?? ids.length;
      if (best && best.ids.length <= end - start) continue;
      const row = {
        ids: ids.slice(start, end),
        positions: positions.slice(start, end),
        targets: targets.slice(start, end),
        rows: rows.slice(start, end),
      };
      if (labelCount(row) > 0) best = row;
    }
  }
  return best;
}
