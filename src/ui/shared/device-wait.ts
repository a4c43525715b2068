// The browser gives no graphics adapter for now: how long until it is asked again, and asking at once when there is hope.
import { type Accessor, createSignal, onCleanup } from 'solid-js';
import type { WorkerEvent } from '../../worker/contract';

type WaitEvent = Extract<WorkerEvent, { type: 'device-wait' }>;

export interface DeviceWaitState {
  /** A device is waited for; `lost`: there was one before. */
  readonly waiting: Accessor<{ readonly lost: boolean } | undefined>;
  /** Until the browser is asked again. */
  readonly seconds: Accessor<number>;
  hear(event: WaitEvent): void;
  /** A new worker knows nothing of it. */
  reset(): void;
  askNow(): void;
}

/** @param ask has the browser asked now */
export function createDeviceWait(ask: () => Promise<void>): DeviceWaitState {
  const [waiting, setWaiting] = createSignal<{ readonly lost: boolean }>();
  const [seconds, setSeconds] = createSignal(0);
  let until = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = () => setSeconds(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  const askNow = () => void ask().catch(() => {});

  // who comes back to the page may have done something about it
  const hope = () => {
    if (waiting() && globalThis.document?.visibilityState !== 'hidden') askNow();
  };
  const signs = ['focus', 'pageshow', 'visibilitychange'] as const;
  for (const sign of signs) globalThis.addEventListener?.(sign, hope, true);
  onCleanup(() => {
    stop();
    for (const sign of signs) globalThis.removeEventListener?.(sign, hope, true);
  });

  return {
    waiting,
    seconds,
    hear({ waiting: told }) {
      if (!told) {
        this.reset();
        return;
      }
      until = Date.now() + told.seconds * 1000;
      tick();
      timer ??= setInterval(tick, 500);
      // the sentence is said once, and not at each request
      if (waiting()?.lost !== told.lost) setWaiting({ lost: told.lost });
    },
    reset() {
      stop();
      setWaiting(undefined);
    },
    askNow,
  };
}
