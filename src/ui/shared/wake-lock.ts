// Keeps the device awake while something long runs.
import { type Accessor, createEffect, createMemo, onCleanup } from 'solid-js';

/** Asks for the screen to stay on while `isWanted` holds; browsers let go of it whenever the page is hidden. */
export function keepAwake(isWanted: Accessor<boolean>): void {
  // once for each change
  const wanted = createMemo(isWanted);
  createEffect(() => {
    if (!wanted() || !globalThis.navigator?.wakeLock) return;
    let over = false;
    let lock: WakeLockSentinel | undefined;
    async function hold(): Promise<void> {
      if (document.visibilityState !== 'visible' || (lock && !lock.released)) return;
      // low batteries are refused, and training goes on without
      lock = await navigator.wakeLock.request('screen').catch(() => undefined);
      if (over) await lock?.release();
    }
    const again = () => void hold();
    document.addEventListener('visibilitychange', again);
    again();
    onCleanup(() => {
      over = true;
      document.removeEventListener('visibilitychange', again);
      void lock?.release().catch(() => {});
    });
  });
}
