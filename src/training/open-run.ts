// Opens a run: a trainer that is where the run was, or where it begins. The page and the command line open theirs here.
import { unlessAborted } from '../core/cut-off';
import type { LoraSpec, LoraTrainer } from '../model/lora-types';
import { type Checkpoint, unpackCheckpoint } from './checkpoint';
import { FRESH, type LoopState } from './loop';
import type { PreparedRun } from './prepare-run';

export interface OpenRunDeps {
  /** A trainer; a device for it may be waited for. */
  trainer(spec: LoraSpec): Promise<LoraTrainer>;
  /**
   * The checkpoint that the run goes on from; undefined begins at step 0.
   * @param kernels the trainer's, which round as they do
   */
  checkpoint(kernels?: string): Promise<Checkpoint | undefined>;
}

export interface OpenRun {
  readonly trainer: LoraTrainer;
  /** Where the trainer is. */
  readonly state: LoopState;
}

/**
 * Opens a run; whoever gets it destroys its trainer.
 * @param signal ends the wait for a device
 * @returns undefined where the signal came before there was a trainer
 * @throws PronkError of the deps, `corrupt-file`
 */
export async function openRun(deps: OpenRunDeps, run: PreparedRun, signal: AbortSignal): Promise<OpenRun | undefined> {
  const trainer = await trainerUnlessAborted(deps.trainer(run.spec), signal);
  if (!trainer) return undefined;
  try {
    if (run.start) trainer.setPairs(run.start);
    const checkpoint = await deps.checkpoint(trainer.kernels);
    if (!checkpoint) return { trainer, state: { ...FRESH } };
    const { state, optimizer } = unpackCheckpoint(checkpoint);
    trainer.restore(optimizer);
    return { trainer, state };
  } catch (error) {
    trainer.destroy();
    throw error;
  }
}

async function trainerUnlessAborted(
  making: Promise<LoraTrainer>,
  signal: AbortSignal,
): Promise<LoraTrainer | undefined> {
  try {
    return await unlessAborted(making, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    // a trainer that comes late has nobody to train for
    void making.then((late) => late.destroy()).catch(() => {});
    return undefined;
  }
}
