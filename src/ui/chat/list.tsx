import { For, Show } from 'solid-js';
import { IconButton } from '../shared/icon-button';
import { Icon } from '../shared/icon';
import { Written } from '../shared/written';
import { useApp } from '../context';
import { saidAt } from '../shared/conversation';
import { formatWhen } from '../shared/format';
import { ConversationActions } from './actions';

/** All conversations; beside the open one, or over it on a phone. */
export function ConversationList(props: { onClose: () => void }) {
  const { chats } = useApp();
  const open = (id: string | undefined) => {
    chats.open(id);
    props.onClose();
  };
  return (
    <>
      <div class="list-shade" onClick={() => props.onClose()} />
      <section class="chat-list" aria-label="All chats">
        <div class="row">
          <button type="button" class="button new-chat" onClick={() => open(undefined)}>
            <Icon name="plus" /> New chat
          </button>
          <IconButton class="list-close" icon="close" label="Hide the list" onClick={() => props.onClose()} />
        </div>
        <label class="search">
          <Icon name="search" />
          <input
            type="search"
            dir="auto"
            aria-label="Search chats"
            placeholder="Search"
            value={chats.query()}
            onInput={(event) => chats.setQuery(event.currentTarget.value)}
          />
        </label>
        <ul>
          <For each={chats.list()}>
            {(conversation) => (
              <li
                classList={{
                  current: conversation.id === chats.current()?.id,
                  busy: conversation.turns.some(({ state }) => state === 'streaming'),
                }}
              >
                <button
                  type="button"
                  class="chat-open"
                  title={conversation.title}
                  aria-current={conversation.id === chats.current()?.id ? 'true' : undefined}
                  onClick={() => open(conversation.id)}
                >
                  <Written class="chat-title" text={conversation.title} />
                  <time datetime={new Date(saidAt(conversation)).toISOString()}>
                    {formatWhen(saidAt(conversation))}
                  </time>
                </button>
                <ConversationActions conversation={conversation} />
              </li>
            )}
          </For>
        </ul>
        <Show when={chats.list().length === 0 && chats.query() !== ''}>
          <p class="hint">No chat has these words.</p>
        </Show>
      </section>
    </>
  );
}
