import { createResource, createSignal, createUniqueId, For, Show } from 'solid-js';
import { Dialog } from '../shared/dialog';
import { goTo } from '../shared/route';
import { useApp } from '../context';
import type { Instruction } from './instruct';
import type { TrainingState } from '../train/training';

/** An instruction becomes a row of a dataset, with the response as it should have been. */
export function SendRow(props: { open: boolean; asked: Instruction; onClose: () => void }) {
  return (
    <Dialog open={props.open} title="Add to a dataset" onClose={() => props.onClose()}>
      <Sent asked={props.asked} onClose={() => props.onClose()} />
    </Dialog>
  );
}

function Sent(props: { asked: Instruction; onClose: () => void }) {
  const { training } = useApp();
  const [state] = createResource(() => training());
  return (
    <Show when={state()?.datasets.ready() ? state() : undefined}>
      {(ready) => <RowForm asked={props.asked} training={ready()} onClose={() => props.onClose()} />}
    </Show>
  );
}

const fields = [
  { key: 'instruction', label: 'Instruction', rows: 3 },
  { key: 'input', label: 'Input', rows: 2 },
  { key: 'output', label: 'Output', rows: 6 },
] as const;

const NEW = 'Rows from Instruct';

function RowForm(props: { asked: Instruction; training: TrainingState; onClose: () => void }) {
  const { notices } = useApp();
  const { datasets } = props.training;
  const { instruction, input, response } = props.asked;
  const [row, setRow] = createSignal({ instruction, input, output: response.trim() });
  const [to, setTo] = createSignal(datasets.list().find(({ name }) => name === NEW)?.id ?? datasets.chosen()?.id ?? '');
  const id = createUniqueId();
  async function add(): Promise<void> {
    props.onClose();
    const name = await datasets.append(to() === '' ? { name: NEW } : { id: to() }, [{ kind: 'instruct', ...row() }]);
    if (name === undefined) return;
    const show = { label: 'Show it', run: () => goTo('fine-tune') };
    notices.show(`The row was added to “${name}”.`, show, 15_000);
  }
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <p class="hint">Correct the output where it is wrong: a model learns to write exactly this.</p>
      <For each={fields}>
        {(field) => (
          <div class="labelled">
            <label for={`${id}-${field.key}`}>{field.label}</label>
            <textarea
              id={`${id}-${field.key}`}
              class="field"
              dir="auto"
              rows={field.rows}
              value={row()[field.key]}
              onInput={(event) => setRow({ ...row(), [field.key]: event.currentTarget.value })}
            />
          </div>
        )}
      </For>
      <div class="row">
        <select aria-label="Dataset to add to" value={to()} onChange={(event) => setTo(event.currentTarget.value)}>
          <For each={datasets.list()}>
            {(dataset) => (
              <option value={dataset.id} selected={dataset.id === to()}>
                {dataset.name}
              </option>
            )}
          </For>
          <option value="" selected={to() === ''}>
            a new dataset
          </option>
        </select>
        <span class="spring" />
        <button type="submit" class="button primary" disabled={row().instruction.trim() === ''}>
          Add the row
        </button>
      </div>
    </form>
  );
}
