import { createSignal, For, Show } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { Written } from '../shared/written';
import { useApp } from '../context';
import { download } from '../shared/downloads';
import { toDataset } from './export';
import { formatWhen } from '../shared/format';
import type { Run } from './instruct';
import { SendRow } from './send-row';

/** Runs, the latest first; the good ones can be starred and become rows of a dataset, as they are or corrected. */
export function History() {
  const { instruct } = useApp();
  const [starredOnly, setStarredOnly] = createSignal(false);
  const starred = () => instruct.runs().filter((run) => run.starred);
  const runs = () => (starredOnly() ? starred() : instruct.runs());
  return (
    <Show when={instruct.runs().length > 0}>
      <section class="history" aria-label="History">
        <header class="row">
          <h2>History</h2>
          <span class="spring" />
          <label class="check">
            <input
              type="checkbox"
              checked={starredOnly()}
              onChange={(event) => setStarredOnly(event.currentTarget.checked)}
            />
            Starred only
          </label>
          <button
            type="button"
            class="button quiet"
            disabled={starred().length === 0}
            onClick={() => download('pronk-instructions.json', toDataset(starred()), 'application/json')}
          >
            Export starred
          </button>
        </header>
        <ul>
          <For each={runs()}>{(run) => <RunRow run={run} />}</For>
        </ul>
        <Show when={runs().length === 0}>
          <p class="hint">No instruction is starred.</p>
        </Show>
      </section>
    </Show>
  );
}

function RunRow(props: { run: Run }) {
  const { instruct } = useApp();
  const [sending, setSending] = createSignal(false);
  return (
    <li>
      <IconButton
        icon="star"
        class="star"
        label="Star this instruction"
        pressed={props.run.starred}
        onClick={() => instruct.star(props.run)}
      />
      <button
        type="button"
        class="item-open"
        title="Show this instruction again"
        disabled={instruct.running()}
        onClick={() => instruct.open(props.run)}
      >
        <Written text={props.run.instruction} />
        <Written class="hint" text={props.run.response.slice(0, 200) || '—'} />
      </button>
      <time datetime={new Date(props.run.createdAt).toISOString()}>{formatWhen(props.run.createdAt)}</time>
      <IconButton icon="plus" label="Add this instruction to a dataset" onClick={() => setSending(true)} />
      <IconButton icon="trash" label="Delete this instruction" onClick={() => instruct.remove(props.run)} />
      <SendRow open={sending()} run={props.run} onClose={() => setSending(false)} />
    </li>
  );
}
