// One run from wherever it is to its end, a pause or a failure: prepared, opened, trained, stored. It survives a lost device and
// waits for storage where it is asked to. The page and the command line train by it; it knows neither, nor how records are kept.
import type { LoraPair } from '../core/adapter';
import { PronkError } from '../core/errors';
import type { LoraTrainer } from '../model/lora-types';
import { type Checkpoint, unpackCheckpoint } from './checkpoint';
import type { LoopEvent, LoopState } from './loop';
import { type OpenRun, openRun, type OpenRunDeps } from './open-run';
import type { PreparedRun } from './prepare-run';
import { type DriverEnd, RunDriver } from './run-driver';
import { checkTransition, type TrainingState } from './run-state';

export interface TrainingRunDeps extends OpenRunDeps {
  /**
   * What the run computes by, from its settings and rows. It is asked for before a device is, and again after one was lost.
   * @throws PronkError `checkpoint-mismatch` where another run is to be resumed
   */
  prepare(): Promise<PreparedRun>;
  /** Stores a checkpoint in place of the one before. @throws PronkError `quota-exceeded` */
  save(checkpoint: Checkpoint): Promise<void>;
  /**
   * Stores what was learned, at the end of a run.
   * @param last reads the pairs as they are now; the best ones are in the state
   */
  keep(state: LoopState, last: () => Promise<readonly LoraPair[]>): Promise<void>;
  /** Told of each state. A run goes on when it was written down; one that ends has ended then. */
  onState(state: TrainingState): Promise<void>;
  /** Told of steps and validations before the run goes on; the trainer may be read meanwhile. */
  onEvent(event: LoopEvent, trainer: LoraTrainer, state: LoopState): Promise<void> | void;
  /** Leaves a lost device, so that the next trainer opens another; without it a lost device ends the run. */
  readonly forgetDevice?: () => void;
  /** Whether it waits where there is no room to store what it learned; else that ends the run. */
  readonly awaitsStorage?: boolean;
}

/** How waiting for storage ends. */
type StorageWait = 'resume' | 'stop' | 'close';

/** Times that a device may be lost before the next checkpoint. */
const LOSSES = 4;

/** Whether the device was lost, or there is none for now. */
export const isDeviceGone = (error: unknown): boolean =>
  error instanceof PronkError && (error.code === 'device-lost' || error.code === 'no-adapter');

const isStorageFull = (error: unknown): error is PronkError =>
  error instanceof PronkError && error.code === 'quota-exceeded';

export class TrainingRun {
  readonly #deps: TrainingRunDeps;
  #state: TrainingState = { state: 'new' };
  #driver: RunDriver | undefined;
  #wanted: 'pause' | 'stop' | undefined;
  #controller = new AbortController();
  /** Step of the last checkpoint. */
  #kept: number;
  #endWait: (how: StorageWait) => void = () => {};
  #onAwaitingStorage = () => {};

  /** @param kept step of the checkpoint that it goes on from */
  constructor(deps: TrainingRunDeps, kept = 0) {
    this.#deps = deps;
    this.#kept = kept;
  }

  get state(): TrainingState {
    return this.#state;
  }

  /** Aborted when the run is to end: whatever is done between its steps ends too. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get awaitsStorage(): boolean {
    return this.#state.state === 'awaitingStorage';
  }

  /** Tries again to store what was learned, and trains on. */
  resume(): void {
    this.#endWait('resume');
  }

  /** Ends it as a pause does; what waits for storage is lost, back to its checkpoint. */
  close(): void {
    if (this.awaitsStorage) this.#endWait('close');
    else void this.end('pause');
  }

  /** Ends it soon; resolves only where it has to wait for storage instead. */
  end(how: 'pause' | 'stop'): Promise<void> {
    const awaiting = new Promise<void>((resolve) => (this.#onAwaitingStorage = resolve));
    if (this.awaitsStorage) {
      if (how === 'stop') this.#endWait('stop');
      else this.#onAwaitingStorage();
      return awaiting;
    }
    this.#wanted = how;
    this.#controller.abort(new DOMException('The run was ended', 'AbortError'));
    this.#driver?.end(how);
    return awaiting;
  }

  /** Stores the last whole step now. */
  async checkpoint(): Promise<void> {
    if (!this.awaitsStorage) await this.#driver?.checkpoint();
  }

  /** Trains to whatever end it comes to, and says which. Never throws: what went wrong is in `failed`. */
  async train(): Promise<TrainingState> {
    try {
      for (let [reached, losses] = [-1, 0]; ; ) {
        try {
          await this.#enter({ state: 'preparing' });
          await this.#attempt();
          return this.#state;
        } catch (error) {
          // a lost device takes nothing along but the steps since the last checkpoint; one that is lost again and again
          // before the next checkpoint is broken
          losses = this.#kept > reached ? 1 : losses + 1;
          if (!this.#deps.forgetDevice || !isDeviceGone(error) || losses > LOSSES) throw error;
          reached = this.#kept;
          this.#deps.forgetDevice();
        }
      }
    } catch (error) {
      await this.#enter({ state: 'failed', error }).catch(() => {});
      return this.#state;
    }
  }

  async #attempt(): Promise<void> {
    const run = await this.#deps.prepare();
    await this.#enter({ state: 'waiting' });
    const opened = await this.#open(run);
    if (!opened) return;
    try {
      await this.#enter({ state: 'training' });
      await this.#trainToItsEnd(run, opened);
    } finally {
      opened.trainer.destroy();
      this.#driver = undefined;
    }
  }

  /** The run with its trainer; undefined where it is ended before there is one, and what its checkpoint has is kept. */
  async #open(run: PreparedRun): Promise<OpenRun | undefined> {
    const opened = await openRun(this.#deps, run, this.signal);
    if (opened) {
      this.#kept = opened.state.step;
      return opened;
    }
    if (this.#wanted !== 'stop') {
      await this.#settle({ state: 'paused', step: this.#kept });
      return undefined;
    }
    const checkpoint = await this.#deps.checkpoint();
    const learned = checkpoint && unpackCheckpoint(checkpoint);
    if (learned) await this.#deps.keep(learned.state, async () => learned.pairs);
    await this.#settle({ state: 'stopped' });
    return undefined;
  }

  /** Trains, and stores what came of it. Where there is no room to store anything it waits, until there is. */
  async #trainToItsEnd(run: PreparedRun, opened: OpenRun): Promise<void> {
    const { trainer, state } = opened;
    let end: DriverEnd | undefined;
    for (;;) {
      try {
        end ??= await this.#drive(run, opened);
        await this.#enter({ state: 'storing', end });
        if (end !== 'pause') await this.#deps.keep(state, () => trainer.pairs());
        await this.#settle(endOf(end, state));
        return;
      } catch (error) {
        if (!isStorageFull(error) || !this.#deps.awaitsStorage) throw error;
        // its checkpoint is there, and after a reload it is taken for one that was interrupted
        if (end === 'pause') {
          this.#state = endOf(end, state);
          return;
        }
        const how = await this.#awaitStorage(error.message, state.step);
        if (how === 'close') {
          await this.#enter({ state: 'closed' });
          return;
        }
        // one that has come to its end is only to be stored
        if (end !== 'done' && end !== 'early') end = how === 'stop' ? 'stop' : undefined;
        await this.#enter({ state: 'training' }).catch(() => {});
        // what was accumulated of a step is cleared: it begins anew
        trainer.restore(await trainer.state());
      }
    }
  }

  async #drive({ data, config }: PreparedRun, { trainer, state }: OpenRun): Promise<DriverEnd> {
    this.#driver = new RunDriver({
      trainer,
      data,
      config,
      state,
      kept: this.#kept,
      save: async (checkpoint) => {
        await this.#deps.save(checkpoint);
        this.#kept = checkpoint.state.step;
      },
      onEvent: (event) => this.#deps.onEvent(event, trainer, state),
    });
    if (this.#wanted) this.#driver.end(this.#wanted);
    return this.#driver.run();
  }

  /** Waits beside the trainer, which alone has what was learned. */
  async #awaitStorage(reason: string, step: number): Promise<StorageWait> {
    const ended = new Promise<StorageWait>((resolve) => (this.#endWait = resolve));
    await this.#enter({ state: 'awaitingStorage', reason, step }).catch(() => {});
    this.#onAwaitingStorage();
    const how = await ended;
    this.#wanted = undefined;
    this.#controller = new AbortController();
    return how;
  }

  /** Goes to a state, and has it written down. */
  async #enter(next: TrainingState): Promise<void> {
    checkTransition(this.#state.state, next.state);
    this.#state = next;
    await this.#deps.onState(next);
  }

  /** Ends in a state once it is written down. */
  async #settle(next: TrainingState): Promise<void> {
    checkTransition(this.#state.state, next.state);
    await this.#deps.onState(next);
    this.#state = next;
  }
}

function endOf(end: DriverEnd, { step }: LoopState): TrainingState {
  if (end === 'pause') return { state: 'paused', step };
  return end === 'stop' ? { state: 'stopped' } : { state: 'finished', early: end === 'early' };
}
