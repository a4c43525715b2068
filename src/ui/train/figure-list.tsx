import { For } from 'solid-js';

/** Figures with their names, in the look of a place's class. */
export function FigureList(props: { class: string; of: readonly (readonly [name: string, value: string])[] }) {
  return (
    <dl class={props.class}>
      <For each={props.of}>
        {([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        )}
      </For>
    </dl>
  );
}
