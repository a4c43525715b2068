// The page offline, and its next version: each window goes over to it when its person says so, or when nothing is under way.
import { type Accessor, createSignal } from 'solid-js';
import type { Notices } from '../shared/notices';
import { isNewVersion } from './version';

export interface PwaState {
  /** The page opens without a network. */
  readonly offline: Accessor<boolean>;
  /** Loads this window anew, with the new version where there is one. */
  reload(): void;
}

/** Milliseconds until a window that nobody touches goes over by itself. */
const UNTOUCHED = 60_000;
/** Milliseconds in which a new version takes over. */
const TAKEOVER = 3000;
const TOUCHES = ['pointerdown', 'keydown', 'wheel'] as const;
const READY = 'A new version is ready.';

/** @param isIdle nothing would be lost or cut off by loading the window anew */
export function keepOffline(notices: Notices, isIdle: () => boolean): PwaState {
  const container = globalThis.navigator?.serviceWorker as ServiceWorkerContainer | undefined;
  const [offline, setOffline] = createSignal(Boolean(container?.controller));
  let registration: ServiceWorkerRegistration | undefined;
  let leaving = false;
  /** Another window has let the new version take over: files of this one's version may be gone. */
  let replaced = false;
  let touched = Date.now();

  async function reload(): Promise<void> {
    if (leaving) return;
    leaving = true;
    const waiting = registration?.waiting;
    if (waiting) {
      const active = new Promise<void>((resolve) => {
        waiting.addEventListener('statechange', () => waiting.state === 'activated' && resolve());
        setTimeout(resolve, TAKEOVER);
      });
      waiting.postMessage({ type: 'SKIP_WAITING' });
      await active;
    }
    location.reload();
  }

  const offer = () => notices.show(READY, { label: 'Reload', run: () => void reload() }, 0);

  /** A window that was replaced goes over where nobody would notice. */
  function leaveUnseen(): void {
    const unseen = document.visibilityState === 'hidden' || Date.now() - touched > UNTOUCHED;
    if (replaced && unseen && isIdle()) void reload();
  }

  function follow(worker: ServiceWorker, first: boolean): void {
    if (first) {
      worker.addEventListener('statechange', () => {
        if (worker.state !== 'activated') return;
        setOffline(true);
        notices.show('Works offline now.');
      });
      return;
    }
    const look = () => {
      if (leaving) return;
      if (worker.state === 'installed') offer();
      if (worker.state !== 'activated' || replaced) return;
      replaced = true;
      offer();
      document.addEventListener('visibilitychange', leaveUnseen);
      for (const touch of TOUCHES)
        addEventListener(touch, () => (touched = Date.now()), { capture: true, passive: true });
      setInterval(leaveUnseen, 5000);
      leaveUnseen();
    };
    worker.addEventListener('statechange', look);
    look();
  }

  async function register(): Promise<void> {
    registration = await container?.register('./sw.js', { scope: './' });
    registration?.addEventListener('updatefound', () => {
      const { installing, active } = registration ?? {};
      if (installing) follow(installing, !active);
    });
    const { waiting, installing, active } = registration ?? {};
    if (waiting && active) follow(waiting, false);
    else if (installing) follow(installing, !active);
  }

  // a part of an old version that is asked for after its files are gone
  globalThis.addEventListener?.('vite:preloadError', () => {
    void isNewVersion().then((is) => is && offer());
  });
  if (container && !import.meta.env.DEV) {
    const begin = () => void register().catch(() => {});
    if (document.readyState === 'complete') begin();
    else addEventListener('load', begin, { once: true });
  }
  return { offline, reload: () => void reload() };
}
