import { Show } from 'solid-js';
import { useApp } from '../context';
import { SettingRow } from './row';
import { budgetControl } from './thinking';

/** Whether the model in use thinks before it answers, and how long at most; nothing where it does not think. */
export function ThinkingRows() {
  const { engine, styles, thinking } = useApp();
  const model = () => (styles.chat() ? undefined : engine.thinking());
  return (
    <Show when={model()}>
      {(thinks) => (
        <section class="setting-group" aria-label="Thinking">
          <h3>Thinking</h3>
          <Show
            when={thinks().switchable}
            fallback={<p class="hint">This model’s chat template has no switch: it thinks first, or it does not.</p>}
          >
            <label class="check prominent">
              <input
                type="checkbox"
                role="switch"
                checked={thinking.values().on}
                onChange={(event) => thinking.turn(event.currentTarget.checked)}
              />
              <span>Think before answering</span>
            </label>
          </Show>
          <Show when={thinking.values().on || !thinks().switchable}>
            <SettingRow control={budgetControl} value={thinking.values().budget} onSet={thinking.setBudget} />
          </Show>
        </section>
      )}
    </Show>
  );
}
