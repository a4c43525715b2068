import { createUniqueId, Show } from 'solid-js';
import { type Bounds, readTyped } from '../shared/typed-number';
import type { Rejected } from './training-form';

/** A number to type. What cannot be taken stays in sight, with the reason beneath; `onReject` keeps it. */
export function NumberBox(props: {
  id: string;
  value: number | null;
  bounds: Bounds;
  rejected: Rejected | undefined;
  /** Why a number within the bounds cannot be taken all the same. */
  check?: (value: number | null) => string | undefined;
  step?: number | 'any' | undefined;
  onChange: (value: number | null) => void;
  onReject: (rejected: Rejected) => void;
}) {
  const problemId = createUniqueId();
  function take(text: string): void {
    const typed = readTyped(text, props.bounds);
    const problem = 'problem' in typed ? typed.problem : props.check?.(typed.value);
    if (problem === undefined && 'value' in typed) props.onChange(typed.value);
    else props.onReject({ text, problem: problem ?? '' });
  }
  return (
    <>
      <input
        id={props.id}
        class="number"
        type="number"
        min={props.bounds.min}
        max={props.bounds.max}
        step={props.step ?? 'any'}
        value={props.rejected?.text ?? (props.value === null ? '' : String(props.value))}
        aria-invalid={props.rejected !== undefined}
        aria-describedby={props.rejected && problemId}
        onChange={(event) => take(event.currentTarget.value)}
      />
      <Show when={props.rejected}>
        {(rejected) => (
          <p id={problemId} class="field-problem" role="alert">
            {rejected().problem}
          </p>
        )}
      </Show>
    </>
  );
}
