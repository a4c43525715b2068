import { Show } from 'solid-js';
import { useApp } from '../context';
import { formatBytes } from '../shared/format';
import type { StorageState } from './library';

/** How much is in use, of how much where that is known, and whether the browser may clean up. */
export function StorageBar() {
  const { library, offline } = useApp();
  return (
    <Show when={library.storage()}>
      {(storage) => (
        <section class="storage" aria-label="Storage">
          <h2>Storage</h2>
          <Show when={storage().room?.told && storage().room}>
            {(room) => <UsageMeter usage={storage().usage} granted={storage().usage + room().bytes} />}
          </Show>
          <p class="hint">
            {useWords(storage())}{' '}
            {storage().persisted
              ? 'It is kept until you delete it.'
              : 'When the disk is full, the browser may delete all of it, including chats.'}{' '}
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

function UsageMeter(props: { usage: number; granted: number }) {
  return (
    <div
      class="bar"
      role="meter"
      aria-label="Storage in use"
      aria-valuemin="0"
      aria-valuemax={props.granted}
      aria-valuenow={props.usage}
      aria-valuetext={`${formatBytes(props.usage)} of ${formatBytes(props.granted)}`}
    >
      <span style={{ transform: `scaleX(${props.granted > 0 ? props.usage / props.granted : 0})` }} />
    </div>
  );
}

function useWords({ usage, room }: StorageState): string {
  const used = `${formatBytes(usage)} in use`;
  if (!room?.told) return `${used}. This browser does not report how much space there is.`;
  const small = room.small ? ' That is little: this may be a private window.' : '';
  return `${used} of ${formatBytes(usage + room.bytes)} that the browser allows.${small}`;
}
