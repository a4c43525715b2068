import { createUniqueId, For, Match, Switch } from 'solid-js';
import type { TrainingConfig } from '../../worker/training-api';
import { fieldProblem } from '../../worker/training-presets';
import { Explained } from '../settings/explained';
import type { TrainingField } from './training-fields';
import { useTraining } from './context';
import { NumberBox } from './number-box';

const schedules: readonly [TrainingConfig['lr_scheduler_type'], string][] = [
  ['linear', 'linear'],
  ['cosine', 'cosine'],
  ['constant', 'constant'],
  ['constant_with_warmup', 'constant with warmup'],
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
            <NumberBox
              id={id}
              value={value() as number | null}
              bounds={{
                min: props.field.min,
                max: props.field.max,
                whole: props.field.step === 1,
                mayBeEmpty: props.field.key === 'loraplus_lr_ratio',
              }}
              check={(next) => fieldProblem(props.field.key, next)}
              step={props.field.step}
              rejected={form.rejected()[props.field.key]}
              onChange={set}
              onReject={(rejected) => form.reject(props.field.key, rejected)}
            />
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
