import { defined } from '../../core/defined';
import { createSignal, For, Show } from 'solid-js';
import { Icon } from '../shared/icon';
import { Menu } from '../shared/menu';
import { RenameDialog } from '../shared/rename-dialog';
import { useApp } from '../context';
import { toDataset } from '../instruct/export';
import { countOf } from '../shared/format';
import { initialConfig } from './training-config';
import { ColumnsDialog } from './columns-dialog';
import { useTraining } from './context';
import { EncodingDialog } from './encoding-dialog';

import { FromHub } from './from-hub';
import { Report } from './report';
import { RowEditor } from './row-editor';
import { RowList } from './row-list';
import { Step } from './steps';
import { UnreadRows } from './unread-rows';

/** Rows: brought or written, checked, edited, seen as the model reads them. */
export function DataStep() {
  const { datasets, runs } = useTraining();
  return (
    <Step
      title="Data"
      note="What the model learns from: instructions, and the outputs that you want."
      folded={runs.active() ? `“${runs.active()?.datasetName}”, as it was when the run started.` : undefined}
    >
      <Show when={datasets.ready()}>
        <Show when={datasets.list().length > 0} fallback={<FirstRows />}>
          <Toolbar />
        </Show>
        <Show when={datasets.problem()}>{(problem) => <p role="alert">{problem().message}</p>}</Show>
        <For each={datasets.notes()}>
          {(note) => (
            <p class="note" role="status">
              {note}
            </p>
          )}
        </For>
        <UnreadRows />
        <ColumnsDialog />
        <EncodingDialog />
        <Show when={runs.running()?.datasetId === datasets.chosen()?.id ? runs.running() : undefined}>
          {(run) => (
            <p class="note" role="status">
              {run().name} is training on these rows as they were when it started. Changes take effect in the next run.
            </p>
          )}
        </Show>
        <Show when={datasets.chosen()}>
          <div class="data-columns">
            <RowList />
            <RowEditor />
          </div>
          <Report />
        </Show>
      </Show>
    </Step>
  );
}

/** Nothing is here yet: how rows look, and some to try. */
function FirstRows() {
  return (
    <div class="first-rows">
      <p class="first-words">Drop a dataset here</p>
      <p class="hint first-hint">
        JSON, JSON Lines or Parquet as Alpaca, ShareGPT, Dolly and the Hugging Face libraries write them, or CSV. A
        table with the columns instruction, input and output is enough.
      </p>
      <div class="row centered">
        <ChooseFile primary />
        <WriteRows />
      </div>
      <FromHub />
      <Examples centered />
    </div>
  );
}

function ChooseFile(props: { primary?: boolean }) {
  const { datasets } = useTraining();
  const take = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (file) void datasets.add(file);
    input.value = '';
  };
  return (
    <label class="button" classList={{ primary: props.primary === true }}>
      {datasets.busy() ? 'Reading' : 'Choose a file'}
      <input
        class="hidden-input"
        type="file"
        aria-label="Dataset"
        accept=".json,.jsonl,.ndjson,.csv,.tsv,.txt,.parquet,application/json,text/csv"
        onChange={(event) => take(event.currentTarget)}
      />
    </label>
  );
}

function WriteRows() {
  const { datasets } = useTraining();
  return (
    <button type="button" class="button" onClick={() => datasets.create()}>
      Write rows by hand
    </button>
  );
}

const MANNERS = 'An alpaca’s manners';
/** So that the bundled model shows what it learnt, in the form in which Chat asks it. */
const mannersPlan = { learning_rate: 1e-3, num_train_epochs: 20, prompt_template_name: 'alpaca_short' };

/** Rows that are at hand: an example of Pronk's own, and what was starred in Instruct. */
function Examples(props: { centered?: boolean }) {
  const { datasets, form } = useTraining();
  const { instruct, engine, notices } = useApp();
  const known = () => datasets.list().some(({ name }) => name.startsWith(MANNERS));
  const starred = () => instruct.history().filter((each) => each.starred);
  const add = (name: string, text: string) =>
    void datasets.add(new File([text], `${name}.json`, { type: 'application/json' }));
  async function manners(): Promise<void> {
    const { default: rows } = await import('./examples/manners.json');
    add(MANNERS, JSON.stringify(rows));
    // at the first visit the bundled model is on its way
    const bundled = engine.model()?.bundled ?? true;
    form.set(bundled ? { ...initialConfig, ...mannersPlan } : initialConfig);
    notices.show('The plan was set to suit these rows.');
  }
  return (
    <div class="examples" classList={{ centered: props.centered === true }} role="group" aria-label="Rows to try">
      <Show when={!known()}>
        <button
          type="button"
          class="example"
          title="24 rows that teach the bundled model to hum before it answers, and to leap after it"
          onClick={() => void manners()}
        >
          Try 24 rows: an alpaca’s manners
        </button>
      </Show>
      <Show when={starred().length > 0}>
        <button
          type="button"
          class="example"
          title="Instructions that you starred in Instruct, with their responses"
          onClick={() => add('Starred instructions', toDataset(starred()))}
        >
          {countOf(starred().length, 'starred instruction')}
        </button>
      </Show>
    </div>
  );
}

/** Which rows are worked on, and what can be done with all of them. */
function Toolbar() {
  const { datasets } = useTraining();
  const [renaming, setRenaming] = createSignal(false);
  const chosen = () => defined(datasets.chosen(), 'the chosen dataset');
  const items = () => [
    { label: 'Rename', run: () => setRenaming(true) },
    { label: 'Export as Alpaca JSON', run: () => datasets.save(chosen().id) },
    { label: 'Delete', run: () => datasets.remove(chosen().id) },
  ];
  return (
    <>
      <div class="row data-bar">
        <select
          aria-label="Rows to train on"
          value={chosen().id}
          onChange={(event) => datasets.choose(event.currentTarget.value)}
        >
          <For each={datasets.list()}>
            {({ id, name }) => (
              <option value={id} selected={id === chosen().id}>
                {name}
              </option>
            )}
          </For>
        </select>
        <span class="figures">
          {countOf(datasets.rows.count(), 'row')} · {chosen().format}
        </span>
        <Menu label={`More about ${chosen().name}`} items={items()}>
          <Icon name="more" />
        </Menu>
        <span class="spring data-break" />
        <ChooseFile />
        <WriteRows />
      </div>
      <FromHub />
      <Examples />
      <RenameDialog
        open={renaming()}
        name={chosen().name}
        onClose={() => setRenaming(false)}
        onDone={(name) => datasets.rename(chosen().id, name)}
      />
    </>
  );
}
