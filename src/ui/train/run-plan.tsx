import { For, Show } from 'solid-js';
import type { RunDetail, TrainingConfig } from '../../worker/contract';
import { countOf } from '../shared/format';
import { formatLayers } from './layer-list';
import { presetOf } from './training-config';
import { fieldGroups, type TrainingField } from './training-fields';
import { FigureList } from './figure-list';

/** What a run was begun with, in a few words. */
export function runWords({ request, steps, modelName }: RunDetail): string {
  const preset = presetOf(request.config)?.name ?? 'Custom settings';
  return [modelName, preset, steps > 0 && countOf(steps, 'step')].filter(Boolean).join(' · ');
}

/** The plan of a run that is under way: to be read, since a run is what it was begun as. */
export function RunPlan(props: { run: RunDetail }) {
  const config = () => props.run.request.config;
  const groups = () =>
    fieldGroups.map(({ title, fields }) => ({
      title,
      figures: fields.map((field) => [field.label, shown(field, config())] as const),
    }));
  return (
    <section class="run-plan" aria-label={`The plan of ${props.run.name}`}>
      <p class="hint">
        A run keeps the settings that it was started with. To plan another run, pause this one and set it aside.
      </p>
      <div class="field-groups">
        <For each={groups()}>
          {(group) => (
            <div>
              <h3>{group.title}</h3>
              <FigureList class="plan-figures" of={group.figures} />
            </div>
          )}
        </For>
      </div>
      <Show when={props.run.request.prompts.length > 0}>
        <h3>Sample prompts</h3>
        <ul class="run-prompts">
          <For each={props.run.request.prompts}>{(prompt) => <li>{prompt}</li>}</For>
        </ul>
      </Show>
    </section>
  );
}

/** A setting's value in the words of the form. */
function shown({ key, control, choices = [] }: TrainingField, config: TrainingConfig): string {
  if (control === 'modules') return config.target_modules.map((name) => name.replace('_proj', '')).join(', ');
  if (control === 'layers') return formatLayers(config.layers_to_transform) || 'all';
  const value = config[key];
  const chosen = choices.find((choice) => choice.value === value);
  if (chosen) return chosen.label;
  return value === true ? 'on' : value === false ? 'off' : String(value ?? '–');
}
