import { Show } from 'solid-js';
import { useApp } from '../context';
import { formatBytes } from '../state/format';

/** How much of what the browser grants is in use, and whether it may clean up. */
export function StorageBar() {
  const { library, offline } = useApp();
  return (
    <Show when={library.storage()}>
      {(storage) => (
        <section class="storage" aria-label="Storage">
          <h2>Storage</h2>
          <div
            class="bar"
            role="meter"
            aria-label="Storage in use"
            aria-valuemin="0"
            aria-valuemax={storage().quota}
            aria-valuenow={storage().usage}
            aria-valuetext={`${formatBytes(storage().usage)} of ${formatBytes(storage().quota)}`}
          >
            <span style={{ transform: `scaleX(${storage().quota > 0 ? storage().usage / storage().quota : 0})` }} />
          </div>
          <p class="hint">
            {formatBytes(storage().usage)} in use of {formatBytes(storage().quota)} that the browser grants.{' '}
            {storage().persisted
              ? 'It is kept until you delete it.'
              : 'When the disk gets full, the browser may delete all of it, chats too.'}{' '}
            {offline() && 'The page works offline.'}
          </p>
          <Show when={!storage().persisted}>
            <button type="button" class="button" onClick={() => library.persist()}>
              Keep it safe
            </button>
          </Show>
        </section>
      )}
    </Show>
  );
}
