// The frame: places, the model in use, what is going on, settings; and the place that is open.
import './index.css';
import { type Component, ErrorBoundary, lazy, Show } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { Client } from '../worker/client';
import { ChatPage } from './chat/page';
import { AppContext } from './context';
import { Banners } from './frame/banners';
import { DropTarget } from './frame/drop-target';
import { Missing } from './frame/missing';
import { Rail } from './frame/rail';
import { SkipLink } from './frame/skip-link';
import { Toasts } from './frame/toasts';
import { TopBar } from './frame/top-bar';
import { createApp } from './app-state';
import { PLACES, type Place } from './shared/route';
import { isMissingPart } from './frame/version';

// Chat is there with the first paint; the other places come after it
const pages = {
  chat: ChatPage,
  instruct: lazy(async () => ({ default: (await import('./instruct/page')).InstructPage })),
  'fine-tune': lazy(async () => ({ default: (await import('./train/page')).TrainPage })),
  models: lazy(async () => ({ default: (await import('./library/page')).LibraryPage })),
} satisfies Record<Place, Component>;
const SettingsPanel = lazy(async () => ({ default: (await import('./settings/panel')).SettingsPanel }));

function failed(error: unknown) {
  if (!isMissingPart(error)) console.error(error);
  return <Missing error={error} />;
}

export function App(props: { client: Client }) {
  // eslint-disable-next-line solid/reactivity -- a page has one client
  const app = createApp(props.client);
  return (
    <AppContext.Provider value={app}>
      <div class="frame" data-place={app.place()}>
        <SkipLink />
        <Rail />
        <TopBar />
        <main id="main" class="main" tabindex="-1" aria-label={PLACES[app.place()]}>
          <Banners />
          <Show when={app.place()} keyed>
            {(place) => (
              <ErrorBoundary fallback={failed}>
                <Dynamic component={pages[place]} />
              </ErrorBoundary>
            )}
          </Show>
          {/* Chat has them above its composer */}
          <Show when={app.place() !== 'chat'}>
            <Toasts />
          </Show>
        </main>
        <Show when={app.settingsOpen()}>
          <ErrorBoundary fallback={failed}>
            <SettingsPanel />
          </ErrorBoundary>
        </Show>
        <DropTarget />
      </div>
    </AppContext.Provider>
  );
}
