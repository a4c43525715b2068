import { createUniqueId, For } from 'solid-js';

/** How many tokens a model reads and writes at most, and what they cost. */
export function ContextSelect(props: {
  label: string;
  value: number;
  contexts: readonly number[];
  words: (context: number) => string;
  onChange: (context: number) => void;
}) {
  const id = createUniqueId();
  return (
    <div class="labelled">
      <label for={id}>{props.label}</label>
      <select id={id} value={props.value} onChange={(event) => props.onChange(Number(event.currentTarget.value))}>
        <For each={props.contexts}>
          {(context) => (
            <option value={context} selected={context === props.value}>
              {props.words(context)}
            </option>
          )}
        </For>
      </select>
    </div>
  );
}
