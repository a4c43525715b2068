// One run from wherever it is to its end, a pause or a stop, with its checkpoints. The page's runs and the command line's
// go through here.
import type { LoraTrainer } from '../model/lora-types';
import { type Checkpoint, packCheckpoint, type PairShape } from './checkpoint';
import { CheckpointClock } from './checkpoint-clock';
import type { TrainingConfig } from './config';
import { type LoopEvent, type LoopState, train, type TrainingData } from './loop';

export interface RunDriverParts {
  readonly trainer: LoraTrainer;
  readonly data: TrainingData;
  readonly config: TrainingConfig;
  /** Where the trainer is; kept up to date. */
  readonly state: LoopState;
  /** The step that is kept already; default: where it is. */
  readonly kept?: number;
  /** Keeps a checkpoint, in place of the one before. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>;
  /** Told before the run goes on; the trainer may be read meanwhile. */
  readonly onEvent: (event: LoopEvent) => Promise<void> | void;
}

/** How a run came to stand. `done`: all steps; `early`: validation did not improve any more. */
export type DriverEnd = 'done' | 'early' | 'pause' | 'stop';

export class RunDriver {
  readonly #parts: RunDriverParts;
  readonly #clock: CheckpointClock;
  #controller = new AbortController();
  #wanted: 'pause' | 'stop' | undefined;
  #shapes: readonly PairShape[] = [];
  #waiting: (() => void)[] = [];

  constructor(parts: RunDriverParts) {
    this.#parts = parts;
    this.#clock = new CheckpointClock(parts.config.save_steps, parts.kept ?? parts.state.step);
  }

  /** Ends the run soon: within a micro-batch. A step that is cut off is done again when it goes on. */
  end(how: 'pause' | 'stop'): void {
    this.#wanted = how;
    this.#controller.abort();
  }

  /** Keeps the last whole step now, and goes on; a step that is cut off by it begins anew. */
  async checkpoint(): Promise<void> {
    if (!this.#clock.behind(this.#parts.state.step)) return;
    const kept = new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#controller.abort();
    await kept;
  }

  /** Trains. @throws PronkError of the loop, the trainer or the store; the checkpoint before stays */
  async run(): Promise<DriverEnd> {
    const { trainer, state } = this.#parts;
    try {
      this.#shapes = await trainer.pairs();
      if (this.#clock.behind(state.step)) await this.#save();
      for (;;) {
        const end = await this.#pass();
        if (this.#clock.behind(state.step)) await this.#save();
        if (end !== 'aborted') return end;
        this.#answer();
        if (this.#wanted) return this.#wanted;
        // what was accumulated of a step is cleared: it begins anew
        this.#controller = new AbortController();
        trainer.restore(await trainer.state());
      }
    } finally {
      this.#answer();
    }
  }

  async #pass() {
    const { trainer, data, config, state, onEvent } = this.#parts;
    const loop = train(trainer, data, config, state, this.#controller.signal);
    for (;;) {
      const next = await loop.next();
      if (next.done) return next.value;
      await onEvent(next.value);
      if (next.value.type === 'boundary' && this.#clock.due(state.step)) await this.#save();
    }
  }

  async #save(): Promise<void> {
    const { trainer, state, save } = this.#parts;
    await this.#clock.keep(state.step, async () => {
      await save(packCheckpoint(state, await trainer.state(), this.#shapes, trainer.kernels));
    });
  }

  #answer(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
