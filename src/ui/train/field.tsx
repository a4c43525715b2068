import { createUniqueId, For, Match, Switch } from 'solid-js';
import type { TrainingConfig } from '../../worker/training-api';
import { fieldProblem } from '../../worker/training-presets';
import { Explained } from '../settings/explained';
import type { TrainingField } from '../state/training-fields';
import { useTraining } from './context';

const schedules: readonly [TrainingConfig['lr_scheduler_type'], string][] = [
  ['linear', 'falls in a line'],
  ['cosine', 'falls in a cosine'],
  ['constant', 'stays'],
  ['constant_with_warmup', 'rises, then stays'],
];

/** One setting of a run, with a few words about it on demand. */
export function Field(props: { field: TrainingField }) {
  const { form } = useTraining();
  const id = createUniqueId();
  const value = () => form.config()[props.field.key];
  const set = (next: unknown) => form.set({ [props.field.key]: next });
  return (
    <div class="setting">
      <Explained for={id} label={props.field.label} explanation={props.field.explanation}>
        <Switch>
          <Match when={props.field.kind === 'number'}>
            <NumberBox id={id} field={props.field} value={value() as number | null} onChange={set} />
          </Match>
          <Match when={props.field.kind === 'switch'}>
            <input
              id={id}
              type="checkbox"
              role="switch"
              checked={value() === true}
              onChange={(event) => set(event.currentTarget.checked)}
            />
          </Match>
          <Match when={props.field.kind === 'schedule'}>
            <select id={id} value={String(value())} onChange={(event) => set(event.currentTarget.value)}>
              <For each={schedules}>
                {([schedule, words]) => (
                  <option value={schedule} selected={schedule === value()}>
                    {words}
                  </option>
                )}
              </For>
            </select>
          </Match>
        </Switch>
      </Explained>
    </div>
  );
}

/** A number to type; what is out of bounds is put back within them, and what is none is put back. */
function NumberBox(props: {
  id: string;
  field: TrainingField;
  value: number | null;
  onChange: (value: number | null) => void;
}) {
  const shown = () => (props.value === null ? '' : String(props.value));
  function take(box: HTMLInputElement): void {
    const { min = 0, max = Infinity, step } = props.field;
    const typed = Number(box.value);
    if (box.value === '' && props.field.key === 'loraplus_lr_ratio') props.onChange(null);
    else if (box.value !== '' && Number.isFinite(typed)) {
      const bounded = Math.min(max, Math.max(min, typed));
      const value = step === 1 ? Math.round(bounded) : bounded;
      if (fieldProblem(props.field.key, value) === undefined) props.onChange(value);
    }
    box.value = shown();
  }
  return (
    <input
      id={props.id}
      class="number"
      type="number"
      min={props.field.min}
      max={props.field.max}
      step={props.field.step}
      value={shown()}
      onChange={(event) => take(event.currentTarget)}
    />
  );
}
