import { Show } from 'solid-js';
import { countOf, formatSeconds } from '../shared/format';
import type { Thought } from '../shared/conversation';

/**
 * What the model thought before it answered, folded. It is no part of the log that is read out as it grows; its figures are
 * drawn by the style.
 */
export function ThoughtView(props: { thought: Thought; thinking: boolean }) {
  // while it grows the time is in whole seconds, so that it can be read
  const time = () => (props.thinking ? Math.floor(props.thought.ms / 1000) * 1000 : props.thought.ms);
  const figures = () => {
    const count = countOf(props.thought.tokens, 'token');
    return time() > 0 ? `for ${formatSeconds(time())}, ${count}` : count;
  };
  return (
    <Show when={props.thinking || props.thought.text !== ''}>
      <details class="thought" aria-live="off">
        <summary>
          {props.thinking ? 'Thinking' : 'Thought'} <span class="thought-figures" data-text={figures()} />
        </summary>
        <div class="thought-text" dir="auto">
          {props.thought.text}
        </div>
      </details>
    </Show>
  );
}
