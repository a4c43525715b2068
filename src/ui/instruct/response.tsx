import { Show } from 'solid-js';
import { CopyButton } from '../shared/copy-button';
import { passFocusOn } from '../shared/keep-focus';
import { Markdown } from '../shared/markdown';
import { useApp } from '../context';
import { formatRate, formatSeconds, formatStage } from '../shared/format';

/** What came back; copied, it is exactly what was written. */
export function ResponseView() {
  const { instruct, engine } = useApp();
  const shown = instruct.shown;
  const words = () => {
    const progress = engine.progress();
    if (shown()?.state === 'streaming') {
      if (instruct.tokensPerSecond() > 0) return formatRate(instruct.tokensPerSecond());
      if (!progress) return engine.model() ? 'Reading the prompt' : 'Waiting for a model';
      return `Waiting for the model: ${formatStage(progress).toLowerCase()}`;
    }
    const { timing, state, model } = shown() ?? {};
    const notes = [
      model,
      timing && timing.tokensPerSecond > 0 && formatRate(timing.tokensPerSecond),
      timing && timing.completionTokens > 0 && `first token after ${formatSeconds(timing.firstTokenMs)}`,
      state === 'abort' && 'stopped',
      state === 'length' && 'reached its limit of tokens',
    ];
    return notes.filter(Boolean).join(' · ');
  };
  return (
    <div class="response-column">
      <header class="row">
        <h2>Response</h2>
        <span class="spring" />
        <Show when={shown()?.response}>{(text) => <CopyButton label="Copy the text" text={text} />}</Show>
      </header>
      <section class="response" aria-label="Response" aria-live="polite" aria-busy={instruct.running()} tabindex="0">
        <Show when={shown()}>{(asked) => <Markdown text={asked().response} growing={instruct.running()} />}</Show>
      </section>
      <Show when={shown()?.error}>{(error) => <p role="alert">{error().message}</p>}</Show>
      <div class="row">
        <p class="hint">{words()}</p>
        <Show when={instruct.canContinue()}>
          <Continue />
        </Show>
      </div>
    </div>
  );
}

function Continue() {
  const { instruct, engine } = useApp();
  let button!: HTMLButtonElement;
  // to Stop, which takes Generate's place
  passFocusOn(
    () => button,
    () => document.querySelector('.instruct-form [type="submit"]'),
  );
  return (
    <button
      ref={button}
      type="button"
      class="button"
      disabled={engine.blocked()}
      onClick={() => instruct.continueResponse()}
    >
      Continue
    </button>
  );
}
