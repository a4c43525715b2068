// The state of a run of `train` in `--out/checkpoint/`: a store with one training run.
import { join, resolve } from 'node:path';
import { isDatasetPage } from '../../hub/address';
import { RunStore, type StoredRun } from '../../training/run-store';
import { type Checkpoint, checkIdentity, type RunIdentity } from '../../training/checkpoint';
import { fileStore, removePartials } from '../node-store/file-store';

const RUN = 'run';

/** What is kept of a run beside its numbers. */
interface HeadlessRun extends StoredRun {
  /** The data's file, so that the run can be exported. */
  readonly data: string;
  /** The encoding of the data's text, where it was named. */
  readonly encoding?: string;
  /** The adapter that it began with. */
  readonly start?: string;
}

/** What a run is begun with. */
interface Given {
  readonly data: string;
  readonly encoding?: string | undefined;
  readonly start?: string | undefined;
}

/** Where the state of a run is kept. */
export const checkpointsIn = (out: string) => join(out, 'checkpoint');

const warn = (message: string) => console.error(`Warning: ${message}`);

/**
 * Opens the state that a folder has, or begins one.
 * @throws PronkError `checkpoint-mismatch` where another run is to be resumed
 */
export async function openCheckpoints(
  out: string,
  { data, encoding, start }: Given,
  identity: RunIdentity,
  resume: boolean,
) {
  const folder = checkpointsIn(out);
  await removePartials(folder);
  const store = fileStore(folder);
  const runs = new RunStore<HeadlessRun>(store);
  const found = await runs.get(RUN);
  const kept = found?.checkpoint && resume ? found : undefined;
  if (found && kept) {
    const remedy = 'Give what it was begun with, or leave --resume out to begin anew.';
    if (found.identity) checkIdentity(found.identity, identity, `The run in ${folder}`, remedy);
  } else if (found) {
    const step = found.checkpoint?.state.step ?? 0;
    if (step > 0) warn(`the run in ${folder}, which stood at step ${step}, is begun anew. With --resume it goes on.`);
    await runs.remove(RUN);
  }
  let run: HeadlessRun = {
    ...kept,
    id: RUN,
    name: `The run in ${out}`,
    identity,
    data: isDatasetPage(data) ? data : resolve(data),
    ...(encoding !== undefined && { encoding }),
    ...(start !== undefined && { start: resolve(start) }),
  };
  return {
    runs,
    /** The checkpoint that the run goes on from. @param kernels of the trainer that goes on */
    async load(kernels?: string): Promise<Checkpoint | undefined> {
      if (!kept) return undefined;
      const checkpoint = await runs.load(kept);
      if (checkpoint.kernels !== kernels) {
        warn(
          'the run was begun with other kernels: from here on it may differ in the last bits from one that was not interrupted.',
        );
      }
      console.error(`Going on after step ${checkpoint.state.step}.`);
      return checkpoint;
    },
    save: async (checkpoint: Checkpoint) => {
      run = await runs.save(run, checkpoint);
    },
  };
}

/** The run that an adapter in a folder came from; undefined where it came from elsewhere. */
export function runIn(folder: string): Promise<HeadlessRun | undefined> {
  return new RunStore<HeadlessRun>(fileStore(checkpointsIn(folder))).get(RUN);
}
