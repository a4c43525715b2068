import { For, Show } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { useApp } from '../context';

/** Short sentences that come and go, in a room of their own; each stays while it is pointed at. */
export function Toasts() {
  const { notices } = useApp();
  return (
    <div class="toasts" role="status">
      <For each={notices.list()}>
        {(notice) => (
          <div
            class="toast"
            onPointerEnter={() => notices.hold(notice.id)}
            onPointerLeave={() => notices.release(notice.id)}
            onFocusIn={() => notices.hold(notice.id)}
            onFocusOut={() => notices.release(notice.id)}
          >
            <p dir="auto">{notice.text}</p>
            <Show when={notice.action}>
              {(action) => (
                <button
                  type="button"
                  class="button"
                  onClick={() => {
                    notices.dismiss(notice.id);
                    action().run();
                  }}
                >
                  {action().label}
                </button>
              )}
            </Show>
            <IconButton icon="close" label="Dismiss" onClick={() => notices.dismiss(notice.id)} />
          </div>
        )}
      </For>
    </div>
  );
}
