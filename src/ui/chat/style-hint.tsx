import { Show } from 'solid-js';
import { useApp } from '../context';

/** For models that were trained with a prompt of their own: prompt and sampling at one click. */
export function StyleHint() {
  const { styles, engine } = useApp();
  const offered = () => (styles.chat() ? undefined : styles.suggested());
  return (
    <Show when={offered()}>
      {(style) => (
        <p class="style-hint">
          {engine.model()?.name} answers best when it is asked as in training.
          <button type="button" class="button" onClick={() => styles.useInChat(style().id)}>
            Ask as {style().name} does
          </button>
        </p>
      )}
    </Show>
  );
}
