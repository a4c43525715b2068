import { createEffect, on, Show } from 'solid-js';
import { fitHeight } from '../shared/fit-height';
import { isFocusLost } from '../shared/keep-focus';
import { Icon } from '../shared/icon';
import { onEscape } from '../shared/on-escape';
import { useApp } from '../context';
import { createContextUse } from './context-use';
import { countOf, formatNumber } from '../shared/format';

/** Where a message is written. Stop stands where Send was, from Send until the last token. */
export function Composer() {
  const { chats, engine } = useApp();
  let box!: HTMLTextAreaElement;

  const send = () => {
    const text = chats.draft();
    if (text.trim() === '' || chats.running() || !chats.ready() || engine.blocked()) return;
    chats.setDraft('');
    chats.send(text);
    box.focus();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  onEscape(chats.stop);
  createEffect(
    on(
      () => chats.current()?.id,
      () => box.focus(),
    ),
  );
  // a button that was pressed is gone or disabled with what it did
  createEffect(
    on([() => chats.running()?.id, () => chats.path().at(-1)?.id], () => {
      setTimeout(() => isFocusLost() && box.focus());
    }),
  );
  createEffect(() => {
    if (box.value !== chats.draft()) box.value = chats.draft();
    fitHeight(box);
  });

  return (
    <>
      <form
        class="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          ref={box}
          aria-label="Message"
          dir="auto"
          placeholder="Write a message"
          rows="1"
          onInput={(event) => chats.setDraft(event.currentTarget.value)}
          onKeyDown={key}
        />
        <Show
          when={chats.running()}
          fallback={
            <button
              type="submit"
              class="round"
              aria-label="Send"
              title="Send (Enter)"
              disabled={chats.draft().trim() === '' || !chats.ready() || engine.blocked()}
            >
              <Icon name="send" />
            </button>
          }
        >
          <button type="button" class="round stop" aria-label="Stop" title="Stop (Esc)" onClick={() => chats.stop()}>
            <Icon name="stop" />
          </button>
        </Show>
      </form>
      <ContextMeter />
    </>
  );
}

/** How many tokens the prompt has, of how many that the model can take. */
function ContextMeter() {
  const { chats, engine, settings, thinking } = useApp();
  const budget = () => (engine.thinking() ? thinking.values().budget : 0);
  const use = createContextUse(engine, chats, settings, budget);
  const words = () => {
    const known = use();
    if (!known) return '';
    const { tokens, context, droppedMessages: dropped } = known;
    const left = dropped > 0 ? ` · ${countOf(dropped, 'old message')} left out` : '';
    return `${formatNumber(tokens)} of ${countOf(context, 'token')}${left}`;
  };
  return (
    <div class="context-meter">
      <Show when={use()}>
        {(known) => (
          <div
            role="meter"
            aria-label="Context in use"
            aria-valuemin="0"
            aria-valuemax={known().context}
            aria-valuenow={Math.min(known().tokens, known().context)}
            aria-valuetext={words()}
            classList={{ full: known().tokens >= known().context || known().droppedMessages > 0 }}
          >
            <span class="bar">
              <span style={{ transform: `scaleX(${Math.min(1, known().tokens / known().context)})` }} />
            </span>
            {words()}
          </div>
        )}
      </Show>
    </div>
  );
}
