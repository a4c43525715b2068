import { Show } from 'solid-js';
import { useApp } from '../context';

/** For models of projects that have a prompt of their own: prompt and sampling at one click. */
export function StyleHint() {
  const { styles, engine } = useApp();
  const offered = () => (styles.chat() ? undefined : styles.suggested());
  return (
    <Show when={offered()}>
      {(style) => (
        <p class="style-hint">
          {engine.model()?.name} was published with its own prompt format and sampling.
          <button type="button" class="button" onClick={() => styles.useInChat(style().id)}>
            Use {style().name}’s format
          </button>
        </p>
      )}
    </Show>
  );
}
