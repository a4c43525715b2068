import { Show } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { useApp } from '../context';
import type { Turn } from '../shared/conversation';

/** ‹ 1/2 › where a turn has other forms. */
export function Branches(props: { turn: Turn }) {
  const { chats } = useApp();
  const forms = () => chats.siblings(props.turn);
  const at = () => forms().findIndex(({ id }) => id === props.turn.id);
  const go = (step: number) => chats.show(forms()[at() + step]);
  return (
    <Show when={forms().length > 1}>
      <span class="branches" role="group" aria-label={`Version ${at() + 1} of ${forms().length}`}>
        <IconButton icon="left" label="Previous version" disabled={at() === 0} onClick={() => go(-1)} />
        <span class="drawn-text" data-text={`${at() + 1}/${forms().length}`} />
        <IconButton icon="right" label="Next version" disabled={at() === forms().length - 1} onClick={() => go(1)} />
      </span>
    </Show>
  );
}
