// How long a step takes: measured when asked for, and unasked once a plan rests and nobody needs the device.
import { type Accessor, createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { TrainingRequest } from '../../worker/contract';
import { type Client, errorData } from '../../worker/client';

/** Milliseconds that a plan rests before it is measured unasked, and before it is tried again. */
const REST = 1500;
const AGAIN = 6000;
/** An estimate that is needed elsewhere each time is left alone. */
const TRIES = 3;

export interface Estimate {
  /** A step is being measured; how far that is, from 0 to 1, where it is known. */
  readonly measuring: Accessor<{ readonly share?: number } | undefined>;
  /** Seconds that a step of the request takes; undefined where that is not known. */
  readonly secondsPerStep: Accessor<number | undefined>;
  measure(): void;
  /** Ends a measurement, which may be begun again unasked. */
  stop(): void;
  /** Ends it, and leaves this plan alone. */
  cancel(): void;
}

export interface EstimateParts {
  readonly request: Accessor<TrainingRequest | undefined>;
  /** What a step's time depends on: another key is another plan. */
  readonly key: Accessor<string | undefined>;
  /** The plan is there and can be run, its time is not known, and the device is free. */
  readonly wanted: Accessor<boolean>;
  readonly onError: (error: unknown) => void;
}

export function createEstimate(client: Client, { request, key, wanted, onError }: EstimateParts): Estimate {
  const [measuring, setMeasuring] = createSignal<{ readonly share?: number }>();
  const [known, setKnown] = createSignal<{ readonly key: string; readonly seconds: number }>();
  const [tries, setTries] = createSignal<{ readonly key: string; readonly count: number }>();
  /** The measurement that is under way; one that was stopped may still be on its way back. */
  let under: { readonly key: string } | undefined;

  client.subscribe((event) => {
    if (event.type !== 'progress' || event.task !== 'measure' || under === undefined) return;
    setMeasuring(event.total > 0 ? { share: event.done / event.total } : {});
  });

  async function measure(asked: TrainingRequest, of: string, unasked: boolean): Promise<void> {
    const mine = { key: of };
    under = mine;
    setMeasuring({});
    try {
      const { secondsPerStep } = await client.runs.measure(asked);
      setKnown({ key: of, seconds: secondsPerStep });
    } catch (error) {
      if (!unasked && errorData(error).code !== 'cancelled') onError(error);
    }
    if (under !== mine) return;
    under = undefined;
    setMeasuring(undefined);
  }

  const stop = () => {
    if (under === undefined) return;
    under = undefined;
    setMeasuring(undefined);
    void client.runs.stopMeasuring().catch(() => {});
  };

  // what is measured of another plan is of no use
  createEffect(on(key, stop, { defer: true }));
  createEffect(() => {
    const [asked, of] = [request(), key()];
    const before = tries()?.key === of ? (tries()?.count ?? 0) : 0;
    if (!asked || of === undefined || !wanted() || measuring() || known()?.key === of || before >= TRIES) return;
    const timer = setTimeout(
      () => {
        setTries({ key: of, count: before + 1 });
        void measure(asked, of, true);
      },
      before === 0 ? REST : AGAIN,
    );
    onCleanup(() => clearTimeout(timer));
  });

  return {
    measuring,
    secondsPerStep: () => (known()?.key === key() ? known()?.seconds : undefined),
    measure() {
      const [asked, of] = [request(), key()];
      if (asked && of !== undefined && under === undefined) void measure(asked, of, false);
    },
    stop,
    cancel() {
      const of = key();
      if (of !== undefined) setTries({ key: of, count: TRIES });
      stop();
    },
  };
}
