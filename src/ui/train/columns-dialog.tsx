import { createSignal, createUniqueId, For, Show } from 'solid-js';
import { Dialog } from '../shared/dialog';
import type { UnknownColumns } from './datasets';
import { useTraining } from './context';

const fields = [
  { key: 'instruction', label: 'Instruction', hint: 'the task or question' },
  { key: 'input', label: 'Input', hint: 'optional: text that the instruction refers to' },
  { key: 'output', label: 'Output', hint: 'the answer that the model learns' },
  { key: 'text', label: 'Text', hint: 'instead of the others: the model learns the whole text' },
] as const;
type Field = (typeof fields)[number]['key'];

/** Columns that are often meant, by words in their names. */
const guesses: Readonly<Record<Field, RegExp>> = {
  instruction: /instruction|question|prompt|query|title|name/i,
  input: /input|context/i,
  output: /output|answer|response|completion|reply|description/i,
  text: /^text$|^content$/i,
};

const guess = (columns: readonly string[]): Partial<Record<Field, string>> =>
  Object.fromEntries(
    fields.flatMap(({ key }) => {
      const column = columns.find((each) => guesses[key].test(each));
      return column === undefined || key === 'text' ? [] : [[key, column]];
    }),
  );

/** A file's columns say nothing by their names: which is what? */
export function ColumnsDialog() {
  const { datasets } = useTraining();
  return (
    <Dialog
      open={datasets.unknown() !== undefined}
      title={`What are the columns of ${datasets.unknown()?.from.name ?? ''}?`}
      onClose={() => datasets.leave()}
    >
      <Show when={datasets.unknown()}>{(unknown) => <Mapping unknown={unknown()} />}</Show>
    </Dialog>
  );
}

function Mapping(props: { unknown: UnknownColumns }) {
  const { datasets } = useTraining();
  // eslint-disable-next-line solid/reactivity -- where the person begins
  const [mapping, setMapping] = createSignal(guess(props.unknown.columns));
  const isEnough = () => {
    const { instruction, output, text } = mapping();
    return text !== undefined || (instruction !== undefined && output !== undefined);
  };
  const choose = (key: Field, column: string) => {
    const others = Object.fromEntries(Object.entries(mapping()).filter(([each]) => each !== key));
    setMapping(column === '' ? others : { ...others, [key]: column });
  };
  return (
    <form
      class="mapping"
      onSubmit={(event) => {
        event.preventDefault();
        if (isEnough()) void datasets.map(mapping());
      }}
    >
      <For each={fields}>
        {(field) => (
          <ColumnField
            field={field}
            unknown={props.unknown}
            column={mapping()[field.key]}
            onChoose={(column) => choose(field.key, column)}
          />
        )}
      </For>
      <div class="row">
        <span class="spring" />
        <button type="button" class="button" onClick={() => datasets.leave()}>
          Cancel
        </button>
        <button type="submit" class="button primary" disabled={!isEnough() || datasets.busy()}>
          Read the rows
        </button>
      </div>
    </form>
  );
}

function ColumnField(props: {
  field: (typeof fields)[number];
  unknown: UnknownColumns;
  column: string | undefined;
  onChoose: (column: string) => void;
}) {
  const id = createUniqueId();
  const sample = () => {
    const { column } = props;
    return column === undefined ? props.field.hint : props.unknown.sample.at(0)?.[column];
  };
  return (
    <div class="labelled">
      <label for={id}>{props.field.label}</label>
      <select id={id} value={props.column ?? ''} onChange={(event) => props.onChoose(event.currentTarget.value)}>
        <option value="">none</option>
        <For each={props.unknown.columns}>
          {(column) => (
            <option value={column} selected={column === props.column}>
              {column}
            </option>
          )}
        </For>
      </select>
      <p class="hint column-sample">{sample()}</p>
    </div>
  );
}
