import { createMemo, createSignal, lazy, Match, Show, Suspense, Switch } from 'solid-js';
import { CopyButton } from '../shared/copy-button';
import { IconButton } from '../shared/icon-button';
import { useApp } from '../context';
import type { Turn } from '../shared/conversation';
import { countOf, formatNumber, formatRate, formatSeconds } from '../shared/format';
import { Branches } from './branches';
import { ThoughtView } from './thought';
import { type OtherToken, shownOdds } from '../shared/odds';
import { TurnEditor } from './turn-editor';

/** Fetched beside the page, which need not wait for it: a new chat has no message. */
const markdown = import('../shared/markdown');
const Markdown = lazy(async () => ({ default: (await markdown).Markdown }));

/** Fetched when it is first wanted. */
const WhyWords = lazy(async () => ({ default: (await import('./why-words')).WhyWords }));

/** One message with what can be done about it. Figures are drawn by the style, so that the log's text is messages only. */
export function MessageView(props: { turn: Turn }) {
  const { chats, engine } = useApp();
  const [editing, setEditing] = createSignal(false);
  let article!: HTMLElement;
  const leave = () => {
    setEditing(false);
    // the button that opened the editor is there again
    article.querySelector<HTMLElement>('[aria-label^="Edit the"]')?.focus();
  };
  const sameAnswers = () => {
    const { base, state, content } = props.turn;
    return base?.state !== undefined && base.state === state && state !== 'streaming' && base.content === content;
  };
  /** Only the model that wrote it can go on with it, and only while nothing else is written. */
  const goOn = () =>
    chats.running() === undefined && engine.model()?.id === props.turn.tokens?.model
      ? (at: number, other: OtherToken) => chats.goOnWith(props.turn, at, other)
      : undefined;
  const adapterNames = () => `With ${props.turn.adapters?.join(', ') ?? 'the adapter'}`;
  return (
    <article
      ref={article}
      class={`message ${props.turn.role}`}
      classList={{ compared: props.turn.base !== undefined }}
      aria-label={props.turn.role === 'user' ? 'You' : (props.turn.model ?? 'Answer')}
    >
      <Switch>
        <Match when={editing()}>
          <TurnEditor
            role={props.turn.role}
            text={props.turn.content}
            onCancel={leave}
            onDone={(text) => {
              leave();
              if (text === props.turn.content) return;
              if (props.turn.role === 'user') chats.edit(props.turn, text);
              else chats.editAnswer(props.turn, text);
            }}
          />
        </Match>
        <Match when={props.turn.role === 'user'}>
          <div class="bubble" dir="auto">
            {props.turn.content}
          </div>
          <div class="message-tools">
            <Branches turn={props.turn} />
            <IconButton
              icon="edit"
              label="Edit the question"
              disabled={chats.running() !== undefined}
              onClick={() => setEditing(true)}
            />
          </div>
        </Match>
        <Match when={props.turn.role === 'assistant'}>
          <Show when={props.turn.base} fallback={<Answer said={props.turn} onGoOn={goOn()} />}>
            {(base) => (
              <div class="answers">
                <div class="answer" role="group" aria-label="Base" data-text="Base">
                  <Answer said={base()} />
                  <Show when={base().error}>{(error) => <p role="alert">{error().message}</p>}</Show>
                </div>
                <div class="answer" role="group" aria-label={adapterNames()} data-text={adapterNames()}>
                  <Answer said={props.turn} onGoOn={goOn()} />
                </div>
              </div>
            )}
          </Show>
          <Show when={sameAnswers()}>
            <p class="hint">Both answers are the same, word for word.</p>
          </Show>
          <Show when={props.turn.state !== 'streaming'}>
            <AnswerTools turn={props.turn} onEdit={() => setEditing(true)} />
          </Show>
        </Match>
      </Switch>
    </article>
  );
}

/** What was thought and said. */
function Answer(props: {
  said: Pick<Turn, 'content' | 'thought' | 'state' | 'odds'>;
  /** Goes on from a token with another one in its place. */
  onGoOn?: ((at: number, other: OtherToken) => void) | undefined;
}) {
  const { chats } = useApp();
  const words = createMemo(() => {
    const { content, odds, thought } = props.said;
    return chats.why() && odds ? shownOdds(content, odds, thought?.tokens ?? 0) : undefined;
  });
  const growing = () => props.said.state === 'streaming';
  const thinking = () => growing() && props.said.content === '' && props.said.thought !== undefined;
  return (
    <>
      <Show when={props.said.thought}>{(thought) => <ThoughtView thought={thought()} thinking={thinking()} />}</Show>
      <Show when={!thinking()}>
        <Show when={words()} fallback={<Words text={props.said.content} growing={growing()} />}>
          {(shown) => (
            <Suspense fallback={<Words text={props.said.content} growing={growing()} />}>
              <WhyWords shown={shown()} onGoOn={props.onGoOn} />
            </Suspense>
          )}
        </Show>
      </Show>
    </>
  );
}

function Words(props: { text: string; growing: boolean }) {
  return (
    <Suspense fallback={<div class="markdown">{props.text}</div>}>
      <Markdown text={props.text} growing={props.growing} />
    </Suspense>
  );
}

function AnswerTools(props: { turn: Turn; onEdit: () => void }) {
  const { chats } = useApp();
  const figures = () => {
    const { timing } = props.turn;
    if (!timing || timing.completionTokens === 0) return props.turn.edited ? 'edited' : '';
    const rate = timing.tokensPerSecond > 0 ? `${formatRate(timing.tokensPerSecond)} · ` : '';
    return `${rate}first token after ${formatSeconds(timing.firstTokenMs)}`;
  };
  const title = () => {
    const { timing, seed, model, adapters, edited } = props.turn;
    const tokens =
      timing && `${countOf(timing.promptTokens, 'prompt token')}, ${formatNumber(timing.completionTokens)} generated`;
    return [
      edited && 'edited',
      model,
      adapters && `with ${adapters.join(', ')}`,
      tokens,
      seed !== undefined && `seed ${seed}`,
    ]
      .filter(Boolean)
      .join(' · ');
  };
  return (
    <div class="message-tools">
      <Show when={props.turn.content !== ''}>
        <CopyButton label="Copy the answer" text={() => props.turn.content} />
      </Show>
      <IconButton
        icon="again"
        label="Regenerate"
        disabled={chats.running() !== undefined}
        onClick={() => chats.regenerate(props.turn)}
      />
      <IconButton
        icon="edit"
        label="Edit the answer"
        disabled={chats.running() !== undefined}
        onClick={() => props.onEdit()}
      />
      <Branches turn={props.turn} />
      <Show when={figures()}>
        <span class="drawn-text" data-text={figures()} title={title()} />
      </Show>
    </div>
  );
}
