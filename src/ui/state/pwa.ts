// The page offline, and its next version.
/// <reference types="vite-plugin-pwa/client" />
import { registerSW } from 'virtual:pwa-register';
import type { Notices } from './notices';

export function keepOffline(notices: Notices): void {
  const update = registerSW({
    onNeedRefresh: () => notices.show('A new version is ready.', { label: 'Reload', run: () => void update(true) }, 0),
    onOfflineReady: () => notices.show('Works offline now.'),
  });
}
