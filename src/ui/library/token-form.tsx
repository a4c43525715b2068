import { createEffect, createSignal, For, Show } from 'solid-js';
import { useApp } from '../context';

/** Access tokens that are held, each with the server that it is for. */
export function HeldTokens() {
  const { hub } = useApp().library;
  return (
    <For each={hub.tokens()}>
      {({ endpoint, kept }) => (
        <p class="hint row">
          The access token for {hostOf(endpoint)} is {kept ? 'kept on this device' : 'held until the page closes'}.
          <button
            type="button"
            class="button quiet"
            aria-label={`Forget the access token for ${hostOf(endpoint)}`}
            onClick={() => hub.forgetToken(endpoint)}
          >
            Forget
          </button>
        </p>
      )}
    </For>
  );
}

/** Asks for the token of a server; undefined is one to which none may be sent. */
export function TokenForm(props: { endpoint: string | undefined; onDone: () => void }) {
  const { hub } = useApp().library;
  const [keep, setKeep] = createSignal(false);
  let box: HTMLInputElement | undefined;
  createEffect(() => props.endpoint !== undefined && box?.focus());
  return (
    <Show
      when={props.endpoint}
      fallback={
        <p class="hint">
          An access token is sent over https only, so that nobody in between can read it. It cannot be used for this
          address.
        </p>
      }
    >
      {(endpoint) => (
        <form
          class="row end"
          onSubmit={(event) => {
            event.preventDefault();
            if (!box || box.value.trim() === '') return;
            hub.setToken(endpoint(), box.value, keep());
            box.value = '';
            props.onDone();
          }}
        >
          <label class="hub-address">
            <span>Access token</span>
            <input ref={box} class="field" type="password" placeholder="hf_…" autocomplete="off" />
          </label>
          <button type="submit" class="button primary">
            Use it
          </button>
          <label class="check keep-token">
            <input type="checkbox" checked={keep()} onChange={(event) => setKeep(event.currentTarget.checked)} />
            Keep on this device
          </label>
          <p class="hint">It is sent to {hostOf(endpoint())} and to nobody else.</p>
        </form>
      )}
    </Show>
  );
}

const hostOf = (endpoint: string) => (URL.canParse(endpoint) ? new URL(endpoint).host : endpoint);
