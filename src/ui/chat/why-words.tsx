// An answer in its tokens, each tinted by how unlikely it was; a card says what could have stood there.
import { createSignal, For, Index, onCleanup, Show } from 'solid-js';
import type { OtherToken, ShownOdds, ShownToken } from '../shared/odds';

const percent = (p: number) =>
  p >= 0.995 ? '100 %' : p < 0.001 ? 'under 0.1 %' : `${Number((p * 100).toPrecision(2))} %`;
/** White space that can be seen. */
const visible = (text: string) => text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replace(/^ | $/g, '␣');
/** Text as it is spoken of. */
const quoted = (text: string) => `“${visible(text)}”`;
/** A token that is a mark of the model's own, and no word to go on with. */
const isMark = (text: string) => /^<.+>$|^\[.+\]$/.test(text);

interface Props {
  readonly shown: ShownOdds;
  /** Goes on from a token with another one in its place; absent where that cannot be done now. */
  readonly onGoOn: ((at: number, other: OtherToken) => void) | undefined;
}

/** Milliseconds until the card closes that nobody points at any more. */
const LEAVING = 250;

export function WhyWords(props: Props) {
  /** Place in the list of the token whose card is open. */
  const [open, setOpen] = createSignal<number>();
  /** The token that the Tab key leads to. */
  const [current, setCurrent] = createSignal(0);
  let group!: HTMLDivElement;
  let card!: HTMLDivElement;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const token = (): ShownToken | undefined => props.shown.tokens[open() ?? -1];
  const spanAt = (i: number) => group.querySelector<HTMLElement>(`[data-token="${i}"]`);

  function show(i: number): void {
    clearTimeout(timer);
    setOpen(i);
    const span = spanAt(i);
    if (!span) return;
    card.showPopover();
    const { left, top, bottom } = span.getClientRects()[0] ?? span.getBoundingClientRect();
    const isAbove = bottom + card.offsetHeight + 8 > innerHeight && top > card.offsetHeight;
    card.style.top = `${isAbove ? top - card.offsetHeight : bottom}px`;
    card.style.left = `${Math.max(8, Math.min(left, innerWidth - card.offsetWidth - 8))}px`;
  }
  function close(): void {
    clearTimeout(timer);
    setOpen(undefined);
    if (card.matches(':popover-open')) card.hidePopover();
  }
  const leave = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const focused = document.activeElement;
      if (!group.contains(focused) && !card.contains(focused)) close();
    }, LEAVING);
  };
  onCleanup(() => clearTimeout(timer));

  const tokenOf = (target: EventTarget | null) => {
    const found = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-token]') : null;
    return found ? Number(found.dataset['token']) : undefined;
  };
  function move(to: number): void {
    const i = Math.max(0, Math.min(props.shown.tokens.length - 1, to));
    setCurrent(i);
    spanAt(i)?.focus();
  }
  function onKeyDown(event: KeyboardEvent): void {
    const i = tokenOf(event.target);
    if (i === undefined) return;
    const moves: Record<string, number> = {
      ArrowRight: i + 1,
      ArrowLeft: i - 1,
      Home: 0,
      End: props.shown.tokens.length - 1,
    };
    const to = moves[event.key];
    const isInto = ['Enter', ' ', 'ArrowDown'].includes(event.key);
    if (to === undefined && !isInto && event.key !== 'Escape') return;
    if (event.key === 'Escape' && open() === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (to !== undefined) move(to);
    else if (isInto) {
      show(i);
      card.querySelector<HTMLElement>('button')?.focus();
    } else close();
  }
  function onCardKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    spanAt(open() ?? 0)?.focus();
  }
  const focusLeft = (event: FocusEvent) => {
    const next = event.relatedTarget;
    if (!(next instanceof Node) || (!group.contains(next) && !card.contains(next))) close();
  };

  return (
    <>
      <div
        ref={group}
        class="why-words"
        dir="auto"
        role="group"
        aria-live="off"
        aria-label="The answer in tokens"
        onPointerOver={(event) => {
          const i = tokenOf(event.target);
          if (i !== undefined) show(i);
        }}
        onPointerLeave={leave}
        onFocusIn={(event) => {
          const i = tokenOf(event.target);
          if (i === undefined) return;
          setCurrent(i);
          show(i);
        }}
        onFocusOut={focusLeft}
        onKeyDown={onKeyDown}
      >
        {props.shown.before}
        <Index each={props.shown.tokens}>
          {(each, i) => (
            <span
              class="why-word"
              role="button"
              tabindex={current() === i ? 0 : -1}
              data-token={i}
              aria-label={`${quoted(each().text)}, ${percent(each().odds.p)}`}
              style={{ '--doubt': 1 - each().odds.p }}
            >
              {each().text}
            </span>
          )}
        </Index>
      </div>
      <div
        ref={card}
        class="card-popover why-card"
        popover="manual"
        role="group"
        aria-live="off"
        aria-label="What could have stood there"
        onPointerEnter={() => clearTimeout(timer)}
        onPointerLeave={leave}
        onFocusOut={focusLeft}
        onKeyDown={onCardKey}
      >
        <Show when={token()}>{(chosen) => <Card token={chosen()} onGoOn={props.onGoOn} onDone={close} />}</Show>
      </div>
    </>
  );
}

function Card(props: { token: ShownToken; onGoOn: Props['onGoOn']; onDone: () => void }) {
  function choose(other: OtherToken): void {
    const { token, onGoOn } = props;
    props.onDone();
    onGoOn?.(token.at, other);
  }
  return (
    <>
      <p class="why-chosen">
        <bdi>{quoted(props.token.text)}</bdi> <span>{percent(props.token.odds.p)}</span>
      </p>
      <p class="hint">{props.onGoOn ? 'Go on from here with another word:' : 'What else was likely:'}</p>
      <ul>
        <For each={props.token.odds.others}>
          {(other) => (
            <li>
              <Show
                when={props.onGoOn && !isMark(other.text)}
                fallback={
                  <p class="why-other">
                    <bdi>{quoted(other.text)}</bdi> <span>{percent(other.p)}</span>
                  </p>
                }
              >
                <button
                  type="button"
                  class="why-other"
                  aria-label={`Go on from here with ${quoted(other.text)}, ${percent(other.p)}`}
                  onClick={() => choose(other)}
                >
                  <bdi>{quoted(other.text)}</bdi> <span>{percent(other.p)}</span>
                </button>
              </Show>
            </li>
          )}
        </For>
      </ul>
    </>
  );
}
