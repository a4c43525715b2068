import { createUniqueId, For } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { Explained } from '../shared/explained';
import { useTraining } from './context';
import { NumberBox } from './number-box';

const MOST = 4;

/** What is asked of base and adapter while it trains. */
export function SamplePrompts() {
  const { form } = useTraining();
  const everyId = createUniqueId();
  const put = (at: number, text: string) =>
    form.setPrompts(form.prompts().map((prompt, i) => (i === at ? text : prompt)));
  return (
    <section class="sample-prompts" aria-label="Sample prompts">
      <h3>Sample prompts</h3>
      <p class="hint">
        The base and the adapter answer these side by side during training, so that you see what changes.
      </p>
      <For each={form.prompts().map((_, i) => i)}>
        {(at) => (
          <div class="row sample-prompt">
            <input
              class="field"
              type="text"
              aria-label={`Sample prompt ${at + 1}`}
              value={form.prompts()[at] ?? ''}
              onInput={(event) => put(at, event.currentTarget.value)}
            />
            <IconButton
              icon="trash"
              label={`Delete sample prompt ${at + 1}`}
              onClick={() => form.setPrompts(form.prompts().filter((_, i) => i !== at))}
            />
          </div>
        )}
      </For>
      <div class="row">
        <button
          type="button"
          class="button quiet"
          disabled={form.prompts().length >= MOST}
          onClick={() => form.setPrompts([...form.prompts(), ''])}
        >
          Add a prompt
        </button>
        <span class="spring" />
        <div class="setting">
          <Explained
            for={everyId}
            label="Every … steps"
            explanation="Generating samples takes time too. 0 generates them only at the end."
          >
            <NumberBox
              id={everyId}
              value={form.sampleSteps()}
              bounds={{ min: 0, max: 1_000_000, whole: true }}
              step={1}
              rejected={form.rejected().sampleSteps}
              onChange={(steps) => form.setSampleSteps(steps ?? 0)}
              onReject={(rejected) => form.reject('sampleSteps', rejected)}
            />
          </Explained>
        </div>
      </div>
    </section>
  );
}
