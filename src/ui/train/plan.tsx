import { For, Show } from 'solid-js';
import { useApp } from '../context';
import { groupsOf } from './training-fields';
import { trainingPresets } from './training-config';
import { useTraining } from './context';
import { Field } from './field';
import { PlanSummary } from './plan-summary';
import { SamplePrompts } from './sample-prompts';
import { RunPlan, runWords } from './run-plan';
import { BeginField } from './special-fields';
import { Step } from './steps';

/** Settings, and what they come to before anything begins. */
export function PlanStep() {
  const { engine } = useApp();
  const { runs } = useTraining();
  const activeWords = () => {
    const run = runs.active();
    return run && runWords(run);
  };
  return (
    <Step
      title="Plan"
      note={`How ${engine.model()?.name ?? 'the model'} is trained, and what that takes. Choose another model at the top.`}
      folded={activeWords()}
    >
      <Show
        when={runs.active()}
        fallback={
          <div class="plan-columns">
            <div class="plan-settings">
              <Presets />
              <UsualFields />
              <AdvancedFields />
              <SamplePrompts />
            </div>
            <PlanSummary />
          </div>
        }
      >
        {(run) => <RunPlan run={run()} />}
      </Show>
    </Step>
  );
}

function Presets() {
  const { form } = useTraining();
  return (
    <div class="presets">
      <div class="examples" role="group" aria-label="Presets">
        <For each={trainingPresets}>
          {(preset) => (
            <button
              type="button"
              class="example"
              aria-pressed={form.preset() === preset}
              onClick={() => form.usePreset(preset)}
            >
              {preset.name}
            </button>
          )}
        </For>
      </div>
      <p class="hint">{form.preset()?.source ?? 'Custom settings.'}</p>
    </div>
  );
}

function UsualFields() {
  return (
    <div class="field-groups">
      <For each={groupsOf(false)}>
        {(group) => (
          <section class="field-group" aria-label={group.title}>
            <h3>{group.title}</h3>
            <For each={group.fields}>{(field) => <Field field={field} />}</For>
            <Show when={group.title === 'How long'}>
              <BeginField />
            </Show>
          </section>
        )}
      </For>
    </div>
  );
}

function AdvancedFields() {
  return (
    <details class="fold">
      <summary>More settings</summary>
      <div class="field-groups">
        <For each={groupsOf(true)}>
          {(group) => (
            <section class="field-group" aria-label={`${group.title}, more settings`}>
              <h3>{group.title}</h3>
              <For each={group.fields}>{(field) => <Field field={field} />}</For>
            </section>
          )}
        </For>
      </div>
    </details>
  );
}
