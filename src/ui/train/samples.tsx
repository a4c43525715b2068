import { createMemo, createSignal, For, Show } from 'solid-js';
import type { RunDetail, SampleRecord } from '../../worker/contract';
import { formatNumber } from '../shared/format';

/** What base and adapter say to the same prompts, step by step. */
export function Samples(props: { run: RunDetail }) {
  const [chosen, setChosen] = createSignal<number>();
  const steps = createMemo(() => [...new Set(props.run.samples.map(({ step }) => step))].toSorted((a, b) => a - b));
  const step = () => {
    const wanted = chosen();
    return wanted !== undefined && steps().includes(wanted) ? wanted : (steps().at(-1) ?? 0);
  };
  const shown = () => props.run.samples.filter((sample) => sample.step === step());
  return (
    <Show when={steps().length > 0}>
      <section class="samples" aria-label="Samples">
        <div class="row">
          <h3>Samples</h3>
          <label class="row sample-step">
            <span class="hint">at step</span>
            <select
              value={step()}
              onChange={(event) => {
                const next = Number(event.currentTarget.value);
                // the last one keeps up with what comes
                setChosen(next === steps().at(-1) ? undefined : next);
              }}
            >
              <For each={steps()}>
                {(each) => (
                  <option value={each} selected={each === step()}>
                    {formatNumber(each)}
                  </option>
                )}
              </For>
            </select>
          </label>
        </div>
        <For each={shown()}>{(sample) => <Sample sample={sample} />}</For>
      </section>
    </Show>
  );
}

function Sample(props: { sample: SampleRecord }) {
  return (
    <article class="sample">
      <p class="sample-asked">{props.sample.prompt}</p>
      <div class="sample-pair">
        <div>
          <h4>Base</h4>
          <p>{props.sample.base || '—'}</p>
        </div>
        <div class="sample-adapter">
          <h4>With the adapter</h4>
          <p>{props.sample.adapter || '—'}</p>
        </div>
      </div>
    </article>
  );
}
