import { For } from 'solid-js';
import type { ChatStyle } from '../../worker/contract';
import { useApp } from '../context';

/** How chats ask the model: in its own words, or as a publisher of such models did. */
export function StyleSelect() {
  const { styles } = useApp();
  return (
    <select
      class="style-select"
      aria-label="Prompt style"
      title={styles.chat()?.source ?? 'The model’s own chat template, or Alpaca’s format if it has none.'}
      value={styles.chat()?.id ?? ''}
      onChange={(event) => styles.useInChat((event.currentTarget.value || undefined) as ChatStyle | undefined)}
    >
      <option value="" selected={!styles.chat()}>
        Own template
      </option>
      <For each={styles.offered()}>
        {({ id, name }) => (
          <option value={id} selected={styles.chat()?.id === id}>
            {name}
          </option>
        )}
      </For>
    </select>
  );
}
