// Settings that are more than a number: which maps and layers, which template, what is computed twice, where to begin.
import { createUniqueId, For, Show } from 'solid-js';
import { useApp } from '../context';
import { Explained } from '../settings/explained';
import { LINEAR_MAPS } from '../../worker/training-presets';
import { formatLayers, parseLayers } from './layer-list';
import { noTemplate, readTemplate } from '../instruct/templates';
import { useTraining } from './context';

/** The linear maps that get an adapter. */
export function MapsField() {
  const { form } = useTraining();
  const chosen = () => form.config().target_modules;
  const turn = (map: (typeof LINEAR_MAPS)[number], on: boolean) => {
    const maps = LINEAR_MAPS.filter((each) => (each === map ? on : chosen().includes(each)));
    if (maps.length > 0) form.set({ target_modules: maps });
  };
  return (
    <fieldset class="maps">
      <legend>Target modules</legend>
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
export function TemplateField() {
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
      <Explained
        for={id}
        label="Template"
        explanation="The text around instruction and input. Add your own in Instruct, or from a file in alpaca-lora’s format. Chat uses alpaca_short for the bundled model; use the same template for training and for chat."
      >
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
      <label class="button quiet read-template">
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

const recomputed: readonly [boolean | number, string][] = [
  [false, 'off'],
  [true, 'each layer'],
  [2, 'every 2 layers'],
  [4, 'every 4 layers'],
];

/** Gradient checkpointing. */
export function RecomputeField() {
  const { form } = useTraining();
  const id = createUniqueId();
  const value = () => form.config().gradient_checkpointing;
  return (
    <div class="setting">
      <Explained
        for={id}
        label="Gradient checkpointing"
        explanation="What is not kept in the forward pass is computed again in the backward pass. It takes far less memory and about half as much time again; the result is the same to the bit."
      >
        <select
          id={id}
          value={String(value())}
          onChange={(event) => form.set({ gradient_checkpointing: JSON.parse(event.currentTarget.value) })}
        >
          <For each={recomputed}>
            {([each, words]) => (
              <option value={String(each)} selected={each === value()}>
                {words}
              </option>
            )}
          </For>
        </select>
      </Explained>
    </div>
  );
}

const LAYERS = 'Layer numbers are needed, such as 4-7 or 0, 3, 6. The plan keeps its previous value.';

/** The layers that get an adapter. */
export function LayersField() {
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
      <Explained
        for={id}
        label="Layers"
        explanation="Layers that get an adapter, counted from 0: 4-7, or 0, 3, 6. Empty means all layers. Layers below the lowest one cost nothing in the backward pass."
      >
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
