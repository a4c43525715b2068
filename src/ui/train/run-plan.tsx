import { For, Show } from 'solid-js';
import type { RunDetail, TrainingConfig } from '../../worker/training-api';
import { countOf } from '../shared/format';
import { formatLayers } from './layer-list';
import { presetOf } from './training-config';
import { fieldGroups } from './training-fields';
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
      figures: [
        ...fields.map(({ key, label }) => [label, valueOf(config()[key])] as const),
        ...(title === 'What is trained' ? trained(config()) : []),
        ...(title === 'What counts' ? [['Template', config().prompt_template_name] as const] : []),
      ],
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

const valueOf = (value: TrainingConfig[keyof TrainingConfig]): string =>
  value === true ? 'on' : value === false ? 'off' : value === null || value === undefined ? '–' : String(value);

function trained(config: TrainingConfig): (readonly [string, string])[] {
  const { target_modules: maps, layers_to_transform: layers, gradient_checkpointing: twice } = config;
  return [
    ['Target modules', maps.map((map) => map.replace('_proj', '')).join(', ')],
    ['Layers', formatLayers(layers) || 'all'],
    ['Gradient checkpointing', twice === false ? 'off' : twice === true ? 'each layer' : `every ${twice} layers`],
  ];
}
