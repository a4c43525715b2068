/// <reference types="vite-plugin-pwa/client" />
// The page offline, and its next version.
import { type Accessor, createSignal } from 'solid-js';
import { registerSW } from 'virtual:pwa-register';
import type { Notices } from './notices';

/** Whether the page opens without a network. A next version is offered, never forced. */
export function keepOffline(notices: Notices): Accessor<boolean> {
  const [offline, setOffline] = createSignal(Boolean(navigator.serviceWorker?.controller));
  const update = registerSW({
    onNeedRefresh: () => notices.show('A new version is ready.', { label: 'Reload', run: () => void update(true) }, 0),
    onOfflineReady() {
      setOffline(true);
      notices.show('Works offline now.');
    },
  });
  return offline;
}
