import { For, Show } from 'solid-js';
import { useApp } from '../context';
import { hrefOf } from '../shared/route';
import { StyleHint } from './style-hint';

const prompts = ['What is the capital of Peru?', 'Give three tips for staying healthy.', 'Tell me a joke.'];

/** A chat before its first question: what answers, and something to begin with. */
export function EmptyChat() {
  const { chats, engine } = useApp();
  const millions = () => Math.round((engine.model()?.parameters ?? 6e6) / 1e6);
  return (
    <div class="empty-chat">
      <img src="./icons/mark.svg" alt="" width="64" height="64" />
      <Show when={!engine.blocked()}>
        <Show
          when={engine.model()?.bundled ?? true}
          fallback={<p>{engine.model()?.name} answers on this device. Nothing that you write leaves it.</p>}
        >
          <p>
            The bundled model is a {millions()}-million-parameter toy, so that everything works right away. For real
            answers, <a href={hrefOf('models')}>add a larger one</a>. Nothing that you write leaves this device.
          </p>
        </Show>
        <StyleHint />
        <div class="examples centered">
          <For each={prompts}>
            {(prompt) => (
              <button type="button" class="example" onClick={() => chats.send(prompt)}>
                {prompt}
              </button>
            )}
          </For>
        </div>
      </Show>
    </div>
  );
}
