import { Show } from 'solid-js';
import { useApp } from '../context';

/** Says in which form a model is asked that brings none. */
export function NoTemplate() {
  const { styles, engine } = useApp();
  const name = () => (engine.hasTemplate() === false && !styles.chat() ? engine.model()?.name : undefined);
  return (
    <Show when={name()}>
      {(model) => (
        <p class="compare-hint hint">
          <bdi>{model()}</bdi> has no chat template, so Pronk uses Alpaca’s format, which the model may not know. If its
          publisher names another format, choose it as the prompt style.
        </p>
      )}
    </Show>
  );
}
