// Conversations beside the one that is open.
import './index.css';
import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import { StyleSelect } from './style-select';
import { Icon } from '../shared/icon';
import { IconButton } from '../shared/icon-button';
import { Written } from '../shared/written';
import { useApp } from '../context';
import { Composer } from './composer';
import { ConversationActions } from './actions';
import { ConversationList } from './list';
import { ConversationNote } from './note';
import { NoTemplate } from './no-template';
import { EmptyChat } from './empty';
import { MessageView } from './message';
import { Toasts } from '../frame/toasts';
import { SystemPrompt } from './system-prompt';

export function ChatPage() {
  const { chats, adapters } = useApp();
  const [listOpen, setListOpen] = createSignal(false);
  createEffect(
    on(
      () => chats.current()?.id,
      () => setListOpen(false),
      { defer: true },
    ),
  );
  return (
    <div class="chat" classList={{ 'list-open': listOpen() }}>
      <ConversationList onClose={() => setListOpen(false)} />
      <section class="chat-column" aria-label="Open conversation">
        <header class="chat-head">
          <IconButton class="list-toggle" icon="list" label="Show the list" onClick={() => setListOpen(true)} />
          <Written as="h1" text={chats.current()?.title || 'New chat'} />
          <Show when={adapters.inUse().length > 0}>
            <button
              type="button"
              class="button quiet small compare-toggle"
              aria-label="Compare with the base"
              aria-pressed={chats.compare()}
              title="Each question is answered twice, side by side: by the base model alone, and with its adapters."
              onClick={() => chats.setCompare(!chats.compare())}
            >
              <Icon name="compare" />
              <span class="wide-only">Compare</span>
            </button>
          </Show>
          <button
            type="button"
            class="button quiet small compare-toggle"
            aria-label="Why this word?"
            aria-pressed={chats.why()}
            title="Tints each token of an answer by how likely it was, and says what could have stood there."
            onClick={() => chats.setWhy(!chats.why())}
          >
            <Icon name="why" />
            <span class="wide-only">Why this word?</span>
          </button>
          <StyleSelect />
          <SystemPrompt />
          <Show when={chats.current()}>{(open) => <ConversationActions conversation={open()} />}</Show>
        </header>
        <Show when={chats.compare() && adapters.inUse().length > 0}>
          <p class="compare-hint hint">
            Each question is answered twice: by the base alone, and with{' '}
            {adapters
              .named()
              .map(({ name }) => name)
              .join(', ')}
            .
          </p>
        </Show>
        <Show when={chats.why() && chats.path().length > 0}>
          <p class="compare-hint hint">
            The stronger a token’s colour, the less likely it was. Point at or tap one, or go to it by Tab and the arrow
            keys.
            <Show
              when={chats.path().some((turn) => turn.role === 'assistant' && turn.state !== 'streaming' && !turn.odds)}
            >
              {' '}
              Answers that were written without this have no colours: regenerate them.
            </Show>
          </p>
        </Show>
        <NoTemplate />
        <Scroller />
        <Toasts />
        <Composer />
      </section>
    </div>
  );
}

/** The messages; stays at the end while text comes, unless the person scrolled up. */
function Scroller() {
  const { chats } = useApp();
  let scroller!: HTMLDivElement;
  let content!: HTMLDivElement;
  let atEnd = true;
  const end = () => {
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  };
  onMount(() => {
    const observer = new ResizeObserver(end);
    observer.observe(content);
    observer.observe(scroller);
    onCleanup(() => observer.disconnect());
  });
  createEffect(
    on([() => chats.current()?.id, () => chats.path().length], () => {
      atEnd = true;
      end();
    }),
  );
  // what went wrong, and what to do about it, stands beneath the last message
  createEffect(
    on(
      () => chats.path().at(-1)?.state === 'failed',
      (failed) => {
        if (!failed) return;
        atEnd = true;
        requestAnimationFrame(() => requestAnimationFrame(end));
      },
    ),
  );
  return (
    // scrolled by keyboard, so it must take the focus
    <div
      ref={scroller}
      class="scroller"
      role="group"
      aria-label="Messages"
      tabindex="0"
      onScroll={() => (atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48)}
    >
      <div ref={content} class="scrolled">
        <Show when={chats.ready() && chats.path().length === 0}>
          <EmptyChat />
        </Show>
        <div class="log" role="log" aria-label="Conversation" aria-busy={chats.running() !== undefined}>
          <For each={chats.path()}>{(turn) => <MessageView turn={turn} />}</For>
        </div>
        <ConversationNote />
      </div>
    </div>
  );
}
