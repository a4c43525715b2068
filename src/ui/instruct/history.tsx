import { createSignal, For, Show } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { Written } from '../shared/written';
import { useApp } from '../context';
import { download } from '../shared/downloads';
import { toDataset } from './export';
import { formatWhen } from '../shared/format';
import type { Instruction } from './instruct';
import { SendRow } from './send-row';

/** What was asked, the latest first; the good ones can be starred and become rows of a dataset, as they are or corrected. */
export function History() {
  const { instruct } = useApp();
  const [starredOnly, setStarredOnly] = createSignal(false);
  const starred = () => instruct.history().filter((each) => each.starred);
  const listed = () => (starredOnly() ? starred() : instruct.history());
  return (
    <Show when={instruct.history().length > 0}>
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
          <For each={listed()}>{(each) => <HistoryRow asked={each} />}</For>
        </ul>
        <Show when={listed().length === 0}>
          <p class="hint">No instruction is starred.</p>
        </Show>
      </section>
    </Show>
  );
}

function HistoryRow(props: { asked: Instruction }) {
  const { instruct } = useApp();
  const [sending, setSending] = createSignal(false);
  return (
    <li>
      <IconButton
        icon="star"
        class="star"
        label="Star this instruction"
        pressed={props.asked.starred}
        onClick={() => instruct.star(props.asked)}
      />
      <button
        type="button"
        class="item-open"
        title="Show this instruction again"
        disabled={instruct.running()}
        onClick={() => instruct.open(props.asked)}
      >
        <Written text={props.asked.instruction} />
        <Written class="hint" text={props.asked.response.slice(0, 200) || '—'} />
      </button>
      <time datetime={new Date(props.asked.createdAt).toISOString()}>{formatWhen(props.asked.createdAt)}</time>
      <IconButton icon="plus" label="Add this instruction to a dataset" onClick={() => setSending(true)} />
      <IconButton icon="trash" label="Delete this instruction" onClick={() => instruct.remove(props.asked)} />
      <SendRow open={sending()} asked={props.asked} onClose={() => setSending(false)} />
    </li>
  );
}
