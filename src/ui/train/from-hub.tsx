import { createSignal, createUniqueId, For, Show } from 'solid-js';
import type { ErrorData, HubDataset } from '../../worker/contract';
import { errorData } from '../../worker/client';
import { useApp } from '../context';
import { HeldTokens, TokenForm } from '../library/token-form';
import { formatBytes } from '../shared/format';
import { useTraining } from './context';

/** Errors that a token may help against. */
const WANTS_TOKEN = new Set(['gated', 'private', 'bad-token']);
const USUAL_ROWS = 10_000;
const MOST_ROWS = 1_000_000;

/** Rows of a dataset on the Hugging Face Hub: by name, then one of its splits. */
export function FromHub() {
  const { engine, library } = useApp();
  const { datasets } = useTraining();
  const [address, setAddress] = createSignal('');
  const [looking, setLooking] = createSignal(false);
  const [found, setFound] = createSignal<HubDataset>();
  const [error, setError] = createSignal<ErrorData>();
  /** Asked for: the token of this server. */
  const [wanted, setWanted] = createSignal<{ readonly endpoint: string | undefined }>();

  async function look(): Promise<void> {
    const name = address().trim();
    if (name === '' || looking()) return;
    setLooking(true);
    setError(undefined);
    setWanted(undefined);
    setFound(undefined);
    try {
      setFound(await engine.client.datasets.lookUp(name, library.hub.tokens()));
    } catch (caught) {
      const problem = errorData(caught);
      setError(problem);
      if (WANTS_TOKEN.has(problem.code)) {
        setWanted({ endpoint: await engine.client.hub.tokenEndpoint(name).catch(() => undefined) });
      }
    }
    setLooking(false);
  }

  return (
    <details class="fold hub-rows">
      <summary>From the Hugging Face Hub</summary>
      <form
        class="row end"
        onSubmit={(event) => {
          event.preventDefault();
          void look();
        }}
      >
        <label class="hub-address">
          <span>Dataset on the Hub</span>
          <input
            class="field"
            type="text"
            placeholder="owner/name"
            title="owner/name, or the address of the dataset’s page"
            autocapitalize="off"
            autocomplete="off"
            spellcheck={false}
            value={address()}
            onInput={(event) => setAddress(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button" disabled={address().trim() === ''} aria-disabled={looking()}>
          Look up
        </button>
      </form>
      <p class="hint" role="status" classList={{ 'visually-hidden': !looking() }}>
        {looking() ? 'Looking it up' : ''}
      </p>
      <Show when={error()}>{(problem) => <p role="alert">{problem().message}</p>}</Show>
      <Show when={wanted()}>{(asked) => <TokenForm endpoint={asked().endpoint} onDone={() => void look()} />}</Show>
      <HeldTokens />
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
