// Tokens one after the other: enqueued ahead of their read-back, or one at a time where a guide looks at each.
import { defined } from '../../core/defined';
import type { RunAhead } from './run-ahead';
import type { Guide } from './sample-options';
import type { Sampled } from './sampler';

/** Tokens wanted on their way while the oldest is read back. */
export const READBACKS_IN_FLIGHT = 2;

/** What a session does for its tokens. */
interface Draws {
  /** Enqueues so many tokens, each a forward pass and a draw. */
  readonly enqueue: (count: number) => void;
  /** Enqueues the forward pass of the last drawn token. */
  readonly forward: () => void;
  /** Enqueues a draw from the logits that are there. */
  readonly draw: () => void;
  readonly read: (step: number, count: number) => Promise<Sampled[]>;
  /** Lets the guide say what holds for the next draw; false where nothing may follow. */
  readonly constrain: () => boolean | Promise<boolean>;
}

interface Course {
  /** Tokens at most. */
  readonly total: number;
  /** The first one's. */
  readonly step: number;
  readonly guide: Guide | undefined;
}

/** Tokens as they come. The first one was enqueued with its prompt. */
export async function* drawn(
  draws: Draws,
  ahead: RunAhead,
  { total, step, guide }: Course,
): AsyncGenerator<Sampled, void, void> {
  const pending: Promise<Sampled[]>[] = [];
  let enqueued = 0;
  const take = (count: number) => {
    pending.push(draws.read(step + enqueued, count));
    enqueued += count;
  };
  const enqueue = () => {
    while (pending.length < READBACKS_IN_FLIGHT && enqueued < total) {
      const first = enqueued === 0;
      const count = first ? 1 : Math.min(ahead.size, total - enqueued);
      if (!first) draws.enqueue(count);
      take(count);
      if (first) break; // the prompt's time is not a token's
    }
  };
  // which ids may come next depends on the last one, the next logits do not: they are computed while the guide looks
  const enqueueGuided = async () => {
    if (enqueued > 0) {
      if (enqueued >= total || !(await draws.constrain())) return;
      draws.draw();
    }
    take(1);
    if (enqueued < total) draws.forward();
  };
  try {
    let last = performance.now();
    let isFirst = true;
    if (guide) await enqueueGuided();
    else enqueue();
    while (pending.length > 0) {
      const sampled = await defined(pending.shift(), 'a token under way');
      const now = performance.now();
      if (!guide && !isFirst) ahead.note(sampled.length, now - last);
      [last, isFirst] = [now, false];
      if (guide) {
        for (const { id } of sampled) guide.accept(id);
        await enqueueGuided();
      } else enqueue();
      yield* sampled;
    }
  } finally {
    await Promise.allSettled(pending);
  }
}
