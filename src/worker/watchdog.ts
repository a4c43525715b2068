// Notices when a model's own template or tokenizer holds the worker. Nothing else that takes long is any of its business.
import type { WorkerEvent } from './contract';

type HeldEvent = Extract<WorkerEvent, { type: 'held' | 'free' }>;
export type HeldModel = Extract<WorkerEvent, { type: 'held' }>['model'];

/** Times that a worker is asked for a sign of life before it is given up. */
const TICKS = 15;

export interface Watchdog {
  hear(event: HeldEvent): void;
  /** Another worker: what held the old one is forgotten. */
  reset(): void;
}

/**
 * @param ask asks the worker for an answer
 * @param onHang told of the model, once the worker has not answered for `patience` milliseconds of this page's running
 */
export function createWatchdog(
  ask: () => Promise<unknown>,
  onHang: (model: HeldModel) => void,
  patience: number,
): Watchdog {
  const works = new Map<number, HeldModel>();
  let clock: ReturnType<typeof setInterval> | undefined;
  let missed = 0;
  let asking = false;
  /** Counts workers, so that an old one's late answer is none. */
  let round = 0;

  function rest(): void {
    clearInterval(clock);
    clock = undefined;
    works.clear();
    asking = false;
    missed = 0;
    round++;
  }

  async function sign(): Promise<void> {
    asking = true;
    const mine = round;
    await ask().catch(() => {});
    if (mine !== round) return;
    asking = false;
    missed = 0;
  }

  // ticks and not a deadline: a computer that slept has not waited
  function tick(): void {
    const model = [...works.values()].at(-1);
    if (model && ++missed > TICKS) {
      rest();
      onHang(model);
    } else if (!asking) void sign();
  }

  return {
    hear(event) {
      missed = 0;
      if (event.type === 'held') works.set(event.work, event.model);
      else works.delete(event.work);
      if (works.size === 0) rest();
      else clock ??= setInterval(tick, patience / TICKS);
    },
    reset: rest,
  };
}
