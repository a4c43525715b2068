// How fast something goes, from what is told of it now and then.

export interface Work {
  readonly stage: string;
  /** Bytes, or whatever is counted. */
  readonly done: number;
  readonly total: number;
  /** How many a second, smoothed; 0 where it is not known yet. */
  readonly rate: number;
}

/** Turns progress into progress with a rate. A new stage begins anew. */
export function createMeter(now = () => performance.now()): (told: Omit<Work, 'rate'>) => Work {
  let begun: { readonly at: number; readonly done: number } | undefined;
  let last: Work | undefined;
  return ({ stage, done, total }) => {
    if (!last || !begun || stage !== last.stage || total !== last.total || done < last.done) {
      begun = { at: now(), done };
      return (last = { stage, done, total, rate: 0 });
    }
    let { rate } = last;
    const milliseconds = now() - begun.at;
    if (milliseconds > 500 && done > begun.done) {
      const latest = ((done - begun.done) * 1000) / milliseconds;
      rate = rate ? rate * 0.6 + latest * 0.4 : latest;
      begun = { at: now(), done };
    }
    return (last = { stage, done, total, rate });
  };
}

/** Milliseconds that are left; undefined where that is not known. */
export const timeLeft = ({ done, total, rate }: Work): number | undefined =>
  rate > 0 && done < total ? ((total - done) / rate) * 1000 : undefined;
