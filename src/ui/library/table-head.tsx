import { For } from 'solid-js';

export interface Column {
  readonly name: string;
  /** Stays on one line. */
  readonly short?: boolean;
}

/** Names of a table's columns, and a last one of actions that only screen readers name. */
export function TableHead(props: { columns: readonly Column[] }) {
  return (
    <thead>
      <tr>
        <For each={props.columns}>
          {({ name, short }) => (
            <th scope="col" classList={{ short: short === true }}>
              {name}
            </th>
          )}
        </For>
        <th scope="col">
          <span class="visually-hidden">Actions</span>
        </th>
      </tr>
    </thead>
  );
}
