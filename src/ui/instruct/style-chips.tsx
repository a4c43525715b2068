import { For } from 'solid-js';
import { useApp } from '../context';
import type { Style } from '../settings/prompt-formats';

/** Template and sampling of a publisher at one click; those of the model’s project come first. */
export function StyleChips() {
  const { styles, instruct, settings } = useApp();
  const isOn = ({ template, preset }: Style) =>
    instruct.templates.chosen()?.name === template && settings.preset()?.name === preset;
  return (
    <div class="examples style-chips" role="group" aria-label="Prompt and sampling as in">
      <span class="hint" aria-hidden="true">
        As in
      </span>
      <For each={styles.offered()}>
        {(style) => (
          <button
            type="button"
            class="example"
            title={style.source}
            aria-pressed={isOn(style)}
            onClick={() => styles.useInInstruct(style)}
          >
            {style.name}
          </button>
        )}
      </For>
    </div>
  );
}
