import { createUniqueId, For } from 'solid-js';
import { IconButton } from '../components/icon-button';
import { Explained } from '../settings/explained';
import { useTraining } from './context';

const MOST = 4;

/** What is asked of base and adapter while it trains. */
export function SamplePrompts() {
  const { form } = useTraining();
  const everyId = createUniqueId();
  const put = (at: number, text: string) =>
    form.setPrompts(form.prompts().map((prompt, i) => (i === at ? text : prompt)));
  return (
    <section class="sample-prompts" aria-label="Sample prompts">
      <h3>Asked while it trains</h3>
      <p class="hint">The base and the adapter answer these side by side, so that you see what changes.</p>
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
            explanation="Answering takes time too; 0 asks only at the end."
          >
            <input
              id={everyId}
              class="number"
              type="number"
              min="0"
              step="1"
              value={form.sampleSteps()}
              onChange={(event) => {
                const steps = Math.round(Number(event.currentTarget.value));
                if (event.currentTarget.value !== '' && steps >= 0) form.setSampleSteps(steps);
                event.currentTarget.value = String(form.sampleSteps());
              }}
            />
          </Explained>
        </div>
      </div>
    </section>
  );
}
