import { createSignal, createUniqueId, For, Show } from 'solid-js';
import type { HubDataset } from '../../worker/contract';
import { errorData } from '../../worker/client';
import { useApp } from '../context';
import { createLookUpProblem, HubLookUp } from '../library/hub-look-up';
import { formatBytes } from '../shared/format';
import { useTraining } from './context';

const USUAL_ROWS = 10_000;
const MOST_ROWS = 1_000_000;

/** Rows of a dataset on the Hugging Face Hub: by name, then one of its splits. */
export function FromHub() {
  const { engine, library } = useApp();
  const { datasets } = useTraining();
  const [address, setAddress] = createSignal('');
  const [looking, setLooking] = createSignal(false);
  const [found, setFound] = createSignal<HubDataset>();
  const problem = createLookUpProblem(engine.client);

  async function look(): Promise<void> {
    const name = address().trim();
    if (name === '' || looking()) return;
    setLooking(true);
    problem.clear();
    setFound(undefined);
    try {
      setFound(await engine.client.datasets.lookUp(name, library.hub.tokens()));
    } catch (caught) {
      await problem.tell(errorData(caught), name);
    }
    setLooking(false);
  }

  return (
    <details class="fold hub-rows">
      <summary>From the Hugging Face Hub</summary>
      <HubLookUp
        label="Dataset on the Hub"
        title="owner/name, or the address of the dataset’s page"
        address={address()}
        onAddress={setAddress}
        onLook={() => void look()}
        words={looking() ? 'Looking it up' : undefined}
        problem={problem}
      />
      <Show when={found()} keyed>
        {(dataset) => (
          <Splits
            dataset={dataset}
            onRead={(split) =>
              void datasets.addFromHub({ address: dataset.id, tokens: library.hub.tokens(), ...split })
            }
          />
        )}
      </Show>
    </details>
  );
}

/** Which of its rows, and how many of them. */
function Splits(props: {
  dataset: HubDataset;
  onRead: (wanted: { readonly subset: string; readonly split: string; readonly rows: number }) => void;
}) {
  const { datasets } = useTraining();
  const [splitId, rowsId] = [createUniqueId(), createUniqueId()];
  const meant = () => {
    const { splits, meant: named } = props.dataset;
    return Math.max(
      0,
      splits.findIndex(({ subset, split }) => subset === named.subset && split === named.split),
    );
  };
  // eslint-disable-next-line solid/reactivity -- where the person begins
  const [chosen, setChosen] = createSignal(meant());
  const [rows, setRows] = createSignal(String(USUAL_ROWS));
  const count = () => Number(rows());
  const isCount = () => Number.isInteger(count()) && count() >= 1 && count() <= MOST_ROWS;
  return (
    <form
      class="row end"
      onSubmit={(event) => {
        event.preventDefault();
        const split = props.dataset.splits[chosen()];
        if (split && isCount()) props.onRead({ subset: split.subset, split: split.split, rows: count() });
      }}
    >
      <div class="labelled">
        <label for={splitId}>Subset and split</label>
        <select id={splitId} value={chosen()} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
          <For each={props.dataset.splits}>
            {({ subset, split, bytes, partial }, index) => (
              <option value={index()} selected={index() === chosen()}>
                {subset} · {split} ({formatBytes(bytes)}
                {partial ? ', a part' : ''})
              </option>
            )}
          </For>
        </select>
      </div>
      <div class="labelled">
        <label for={rowsId}>Rows at most</label>
        <input
          id={rowsId}
          class="number"
          type="number"
          min={1}
          max={MOST_ROWS}
          value={rows()}
          aria-invalid={!isCount()}
          onInput={(event) => setRows(event.currentTarget.value)}
        />
      </div>
      <button type="submit" class="button primary" disabled={!isCount()} aria-disabled={datasets.busy()}>
        {datasets.busy() ? 'Reading' : 'Read the rows'}
      </button>
      <p class="hint">
        <Show when={props.dataset.licence} fallback="It names no licence.">
          {(licence) => <>Its licence: {licence()}.</>}
        </Show>{' '}
        Only the rows that are asked for are downloaded.
      </p>
      <For each={props.dataset.notes}>{(note) => <p class="note">{note}</p>}</For>
    </form>
  );
}
