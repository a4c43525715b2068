import { Show } from 'solid-js';
import { useApp } from '../context';

/** What a person should know before anything else. */
export function Banners() {
  const { engine } = useApp();
  return (
    <>
      <Show when={engine.problem()}>
        {(problem) => (
          <div class="banner warning" role="alert">
            <Show
              when={engine.blocked()}
              fallback={
                <>
                  <p>{problem().message}</p>
                  <Show
                    when={engine.inTraining()}
                    fallback={
                      <button type="button" class="button" onClick={() => engine.retry()}>
                        Try again
                      </button>
                    }
                  >
                    {(model) => (
                      <button type="button" class="button" onClick={() => engine.use(model().id)}>
                        Back to {model().name}
                      </button>
                    )}
                  </Show>
                </>
              }
            >
              <p>{problem().message} Chats can still be read here.</p>
            </Show>
          </div>
        )}
      </Show>
      <Show when={engine.deviceWait.waiting()}>
        {(waiting) => (
          <div class="banner warning">
            <p role="alert">
              {waiting().lost
                ? 'The browser offers no graphics device for now. After its graphics process has crashed, this can take two minutes. Pronk continues by itself, and nothing is lost. If it takes much longer, restart the browser.'
                : 'The browser offers no graphics adapter for now. If this does not change, turn on hardware acceleration in the browser, restart it, or update the graphics driver. Chats can still be read here.'}
            </p>
            <span class="hint">
              {engine.deviceWait.seconds() > 0 ? `Asks again in ${engine.deviceWait.seconds()} s` : 'Asking'}
            </span>
            <button type="button" class="button" onClick={() => engine.deviceWait.askNow()}>
              Ask now
            </button>
          </div>
        )}
      </Show>
    </>
  );
}
