// One training setting in the form, by its kind in the table of settings.
import { createUniqueId, For, Match, Show, Switch } from 'solid-js';
import { fieldProblem } from '../../worker/contract/training-presets';
import { Explained } from '../shared/explained';
import { type TrainingField, typedBounds } from './training-fields';
import { useTraining } from './context';
import { NumberBox } from './number-box';
import { LayersField, ModulesField, TemplateField } from './special-fields';

/** One setting of a run, with a few words about it on demand. */
export function Field(props: { field: TrainingField }) {
  return (
    <Switch fallback={<PlainField field={props.field} />}>
      <Match when={props.field.control === 'modules'}>
        <ModulesField field={props.field} />
      </Match>
      <Match when={props.field.control === 'layers'}>
        <LayersField field={props.field} />
      </Match>
      <Match when={props.field.control === 'template'}>
        <TemplateField field={props.field} />
      </Match>
    </Switch>
  );
}

/** A number, a switch or a choice. */
function PlainField(props: { field: TrainingField }) {
  const { form } = useTraining();
  const id = createUniqueId();
  const value = () => form.config()[props.field.key];
  const set = (next: unknown) => form.set({ [props.field.key]: next });
  return (
    <div class="setting">
      <Explained for={id} label={props.field.label} explanation={props.field.hint}>
        <Switch>
          <Match when={props.field.control === 'number'}>
            <NumberBox
              id={id}
              value={value() as number | null}
              bounds={typedBounds(props.field)}
              check={(next) => fieldProblem(props.field.key, next)}
              step={props.field.bounds?.whole ? 1 : 'any'}
              rejected={form.rejected()[props.field.key]}
              onChange={set}
              onReject={(rejected) => form.reject(props.field.key, rejected)}
            />
          </Match>
          <Match when={props.field.control === 'switch'}>
            <input
              id={id}
              type="checkbox"
              role="switch"
              checked={value() === true}
              onChange={(event) => set(event.currentTarget.checked)}
            />
          </Match>
          <Match when={props.field.control === 'choice'}>
            <Choices id={id} field={props.field} value={value()} onChange={set} />
          </Match>
        </Switch>
      </Explained>
    </div>
  );
}

/** The values that a setting offers; one that it has from a config is shown beside them. */
function Choices(props: { id: string; field: TrainingField; value: unknown; onChange: (value: unknown) => void }) {
  const choices = () => props.field.choices ?? [];
  return (
    <select
      id={props.id}
      value={String(props.value)}
      onChange={(event) => {
        const chosen = choices().find(({ value }) => String(value) === event.currentTarget.value);
        if (chosen) props.onChange(chosen.value);
      }}
    >
      <Show when={!choices().some(({ value }) => value === props.value)}>
        <option value={String(props.value)}>{String(props.value)}</option>
      </Show>
      <For each={choices()}>
        {(choice) => (
          <option value={String(choice.value)} selected={choice.value === props.value}>
            {choice.label}
          </option>
        )}
      </For>
    </select>
  );
}
