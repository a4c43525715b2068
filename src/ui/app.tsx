// The frame: places, the model in use, what is going on, settings; and the place that is open.
import './styles/index.css';
import { type Component, lazy, Show } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { Client } from '../worker/client';
import { ChatPage } from './chat/page';
import { AppContext } from './context';
import { Banners } from './frame/banners';
import { DropTarget } from './frame/drop-target';
import { Rail } from './frame/rail';
import { SkipLink } from './frame/skip-link';
import { Toasts } from './frame/toasts';
import { TopBar } from './frame/top-bar';
import { createApp } from './state/app';
import type { Place } from './state/route';

// Chat is there with the first paint; the other places come after it
const pages = {
  chat: ChatPage,
  instruct: lazy(async () => ({ default: (await import('./instruct/page')).InstructPage })),
  'fine-tune': lazy(async () => ({ default: (await import('./train/page')).TrainPage })),
  models: lazy(async () => ({ default: (await import('./library/page')).LibraryPage })),
} satisfies Record<Place, Component>;
const SettingsPanel = lazy(async () => ({ default: (await import('./settings/panel')).SettingsPanel }));
const titles: Record<Place, string> = {
  chat: 'Chat',
  instruct: 'Instruct',
  'fine-tune': 'Fine-tune',
  models: 'Models',
};

export function App(props: { client: Client }) {
  // eslint-disable-next-line solid/reactivity -- a page has one client
  const app = createApp(props.client);
  return (
    <AppContext.Provider value={app}>
      <div class="frame" data-place={app.place()}>
        <SkipLink />
        <Rail />
        <TopBar />
        <main id="main" class="main" tabindex="-1" aria-label={titles[app.place()]}>
          <Banners />
          <Dynamic component={pages[app.place()]} />
          {/* Chat has them above its composer */}
          <Show when={app.place() !== 'chat'}>
            <Toasts />
          </Show>
        </main>
        <Show when={app.settingsOpen()}>
          <SettingsPanel />
        </Show>
        <DropTarget />
      </div>
    </AppContext.Provider>
  );
}
