// Settings that are more than a number: which target modules and layers, which template, where to begin.
import { createUniqueId, For, Show } from 'solid-js';
import { useApp } from '../context';
import { Explained } from '../shared/explained';
import { LINEAR_MAPS } from '../../worker/contract/training-presets';
import { formatLayers, parseLayers } from './layer-list';
import { noTemplate, readTemplate } from '../instruct/templates';
import { useTraining } from './context';
import type { TrainingField } from './training-fields';

/** The linear maps that get an adapter. */
export function ModulesField(props: { field: TrainingField }) {
  const { form } = useTraining();
  const chosen = () => form.config().target_modules;
  const turn = (map: (typeof LINEAR_MAPS)[number], on: boolean) => {
    const maps = LINEAR_MAPS.filter((each) => (each === map ? on : chosen().includes(each)));
    if (maps.length > 0) form.set({ target_modules: maps });
  };
  return (
    <fieldset class="maps">
      <legend>{props.field.label}</legend>
      <For each={LINEAR_MAPS}>
        {(map) => (
          <label class="check">
            <input
              type="checkbox"
              checked={chosen().includes(map)}
              disabled={chosen().length === 1 && chosen()[0] === map}
              onChange={(event) => turn(map, event.currentTarget.checked)}
            />
            {map.replace('_proj', '')}
          </label>
        )}
      </For>
    </fieldset>
  );
}

/** The words around each row. */
export function TemplateField(props: { field: TrainingField }) {
  const { form } = useTraining();
  const { notices } = useApp();
  const id = createUniqueId();
  const name = () => form.config().prompt_template_name;
  const names = () => form.templates().map((template) => template.name);
  async function read(input: HTMLInputElement): Promise<void> {
    const file = input.files?.[0];
    input.value = '';
    if (!file) return;
    const template = await readTemplate(file);
    if (template) form.takeTemplate(template);
    else notices.show(noTemplate(file.name));
  }
  return (
    <div class="setting">
      <Explained for={id} label={props.field.label} explanation={props.field.hint}>
        <select
          id={id}
          value={name()}
          onChange={(event) => form.set({ prompt_template_name: event.currentTarget.value })}
        >
          <Show when={!names().includes(name())}>
            <option value={name()}>{name()}</option>
          </Show>
          <For each={names()}>
            {(each) => (
              <option value={each} selected={each === name()}>
                {each}
              </option>
            )}
          </For>
        </select>
      </Explained>
      <label class="button quiet">
        Load a template
        <input
          class="hidden-input"
          type="file"
          aria-label="Load a template"
          accept=".json,application/json"
          onChange={(event) => void read(event.currentTarget)}
        />
      </label>
    </div>
  );
}

const LAYERS = 'Layer numbers are needed, such as 4-7 or 0, 3, 6. The plan keeps its previous value.';

/** The layers that get an adapter. */
export function LayersField(props: { field: TrainingField }) {
  const { form } = useTraining();
  const id = createUniqueId();
  const problemId = createUniqueId();
  const rejected = () => form.rejected().layers_to_transform;
  const shown = () => rejected()?.text ?? formatLayers(form.config().layers_to_transform);
  function take(text: string): void {
    const layers = parseLayers(text);
    if (layers !== undefined) form.set({ layers_to_transform: layers });
    else form.reject('layers_to_transform', { text, problem: LAYERS });
  }
  return (
    <div class="setting">
      <Explained for={id} label={props.field.label} explanation={props.field.hint}>
        <input
          id={id}
          class="number wide"
          type="text"
          inputmode="numeric"
          placeholder="all"
          value={shown()}
          aria-invalid={rejected() !== undefined}
          aria-describedby={rejected() && problemId}
          onChange={(event) => take(event.currentTarget.value)}
        />
        <Show when={rejected()}>
          {(wrong) => (
            <p id={problemId} class="field-problem" role="alert">
              {wrong().problem}
            </p>
          )}
        </Show>
      </Explained>
    </div>
  );
}

/** A stored adapter that training goes on from. */
export function BeginField() {
  const { form } = useTraining();
  const { adapters } = useApp();
  const id = createUniqueId();
  return (
    <Show when={adapters.ofModel().length > 0 || form.adapterId() !== ''}>
      <div class="setting">
        <Explained
          for={id}
          label="Start from"
          explanation="A new adapter changes nothing at first. One that was trained before can be trained further; rank, alpha and target modules must be the same."
        >
          <select id={id} value={form.adapterId()} onChange={(event) => form.setAdapterId(event.currentTarget.value)}>
            <option value="">a new adapter</option>
            <For each={adapters.ofModel()}>
              {(adapter) => (
                <option value={adapter.id} selected={adapter.id === form.adapterId()}>
                  {adapter.name}
                </option>
              )}
            </For>
          </select>
        </Explained>
      </div>
    </Show>
  );
}
