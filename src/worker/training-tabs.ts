// A run is trained in one tab and seen in all: its events are passed on, and what is asked of it finds the tab that trains.
import { PronkError } from '../core/errors';
import type { TrainingEvent } from '../engine/training/types';

/** What of `engine.runs` this needs. */
interface TrainedHere {
  readonly activeId: string | undefined;
  on(listener: (event: TrainingEvent) => void): () => void;
  pause(id: string): Promise<void>;
  stop(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Whether another tab trains. */
  elsewhere(): Promise<boolean>;
  /** Resolves when nobody trains, in any tab. */
  ended(): Promise<void>;
}

/** What may be asked of a run elsewhere. */
export type Wish = 'pause' | 'stop' | 'resume';

type Letter =
  | { readonly type: 'event'; readonly event: TrainingEvent }
  | { readonly type: 'wish'; readonly wish: Wish; readonly runId: string; readonly letter: string }
  /** Only who trains answers: whether it is that run. */
  | { readonly type: 'answer'; readonly letter: string; readonly mine: boolean };

/** Milliseconds in which a tab that trains answers. */
const PATIENCE = 1500;

export interface TabsOptions {
  readonly channel: BroadcastChannel;
  readonly runs: TrainedHere;
  /** What another tab's run does. */
  readonly onEvent: (event: TrainingEvent) => void;
  /** A tab that trained trains no more, perhaps since it was closed: what is known of runs is old. */
  readonly onEnded: () => void;
  readonly patience?: number;
}

export class TrainingTabs {
  readonly #options: TabsOptions;
  readonly #waiting = new Map<string, (mine: boolean) => void>();
  #watching = false;

  constructor(options: TabsOptions) {
    this.#options = options;
    const { channel, runs } = options;
    runs.on((event) => this.#post({ type: 'event', event }));
    channel.addEventListener('message', ({ data }: MessageEvent<Letter>) => this.#read(data));
  }

  /** Another tab trains: says when it does so no more. */
  watch(): void {
    const { runs, onEnded } = this.#options;
    if (this.#watching || runs.activeId !== undefined) return;
    this.#watching = true;
    void runs.ended().finally(() => {
      this.#watching = false;
      onEnded();
    });
  }

  /**
   * Does what is asked of a run, here or in the tab that trains it.
   * @throws PronkError `other-tab` when that one does not answer
   */
  async ask(wish: Wish, runId: string): Promise<void> {
    const { runs } = this.#options;
    if (runs.activeId !== runId && (await runs.elsewhere()) && (await this.#write(wish, runId))) return;
    try {
      await runs[wish](runId);
    } catch (cause) {
      if (wish !== 'pause' || !(cause instanceof PronkError) || cause.code !== 'busy') throw cause;
      const message =
        'The run is trained in another tab, which does not answer. Go to that tab; if it is closed, reload this page.';
      throw new PronkError('other-tab', message, { cause });
    }
  }

  /** Whether the tab that trains this run has heard. */
  async #write(wish: Wish, runId: string): Promise<boolean> {
    const letter = crypto.randomUUID();
    const { patience = PATIENCE } = this.#options;
    const answered = new Promise<boolean>((resolve) => {
      this.#waiting.set(letter, resolve);
      setTimeout(() => resolve(false), patience);
    });
    this.#post({ type: 'wish', wish, runId, letter });
    const mine = await answered;
    this.#waiting.delete(letter);
    return mine;
  }

  #read(data: Letter): void {
    const { runs, onEvent } = this.#options;
    switch (data.type) {
      case 'event':
        onEvent(data.event);
        if (data.event.type === 'run' && data.event.run.state === 'running') this.watch();
        return;
      case 'wish':
        if (runs.activeId === undefined) return;
        this.#post({ type: 'answer', letter: data.letter, mine: runs.activeId === data.runId });
        // what comes of it is told by events
        if (runs.activeId === data.runId) void runs[data.wish](data.runId).catch(() => {});
        return;
      case 'answer':
        this.#waiting.get(data.letter)?.(data.mine);
    }
  }

  #post(letter: Letter): void {
    this.#options.channel.postMessage(letter);
  }
}
