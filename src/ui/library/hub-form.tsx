import { createEffect, createSignal, For, Show } from 'solid-js';
import type { ErrorData } from '../../worker/api';
import { useApp } from '../context';
import { formatBytes, formatCount } from '../state/format';

/** Models of the Hugging Face Hub: by name, or one of those that are known to work. */
export function HubForm() {
  const { library } = useApp();
  const { hub, imports } = library;
  const [address, setAddress] = createSignal('');
  const [busy, setBusy] = createSignal(false);
  const [error, setError] = createSignal<ErrorData>();

  async function look(wanted: string): Promise<void> {
    const name = wanted.trim();
    if (name === '' || busy()) return;
    setAddress(name);
    setBusy(true);
    setError(undefined);
    const token = hub.token();
    setError(await imports.look({ kind: 'hub', address: name, ...(token !== undefined && { token }) }, name));
    setBusy(false);
    if (!error()) setAddress('');
  }

  return (
    <section class="hub" aria-label="Hugging Face Hub">
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void look(address());
        }}
      >
        <label class="hub-address">
          <span>From the Hugging Face Hub</span>
          <input
            class="field"
            type="text"
            placeholder="owner/name"
            title="owner/name, owner/name@revision, or an address"
            autocapitalize="off"
            autocomplete="off"
            spellcheck={false}
            value={address()}
            onInput={(event) => setAddress(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button" disabled={address().trim() === ''} aria-disabled={busy()}>
          {busy() ? 'Looking' : 'Look up'}
        </button>
      </form>
      <Show when={error()}>{(problem) => <p role="alert">{problem().message}</p>}</Show>
      <Show when={error()?.code === 'gated' || hub.token() !== undefined}>
        <TokenForm asked={error()?.code === 'gated'} onDone={() => void look(address())} />
      </Show>
      <details class="fold">
        <summary>Models that are known to work</summary>
        <ul class="curated">
          <For each={hub.curated()}>
            {(model) => (
              <li>
                <div>
                  <span class="title">{model.name}</span>
                  <span class="hint">
                    {model.note} · {formatCount(model.parameters)} parameters · {formatBytes(model.bytes)} to download ·{' '}
                    <span class="licence">{model.licence}</span>
                  </span>
                </div>
                <button
                  type="button"
                  class="button"
                  aria-label={`Look up ${model.name}`}
                  aria-disabled={busy()}
                  onClick={() => void look(model.address)}
                >
                  Look up
                </button>
              </li>
            )}
          </For>
        </ul>
      </details>
    </section>
  );
}

/** The token that gated models ask for. */
function TokenForm(props: { asked: boolean; onDone: () => void }) {
  const { hub } = useApp().library;
  const [keep, setKeep] = createSignal(hub.kept());
  let box: HTMLInputElement | undefined;
  createEffect(() => props.asked && box?.focus());
  return (
    <Show
      when={props.asked || hub.token() === undefined}
      fallback={
        <p class="hint row">
          {hub.kept() ? 'The access token is kept on this device.' : 'The access token is held until the page closes.'}
          <button type="button" class="button quiet" onClick={() => hub.forgetToken()}>
            Forget
          </button>
        </p>
      }
    >
      <form
        class="row token"
        onSubmit={(event) => {
          event.preventDefault();
          if (!box || box.value.trim() === '') return;
          hub.setToken(box.value, keep());
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
        <label class="check">
          <input type="checkbox" checked={keep()} onChange={(event) => setKeep(event.currentTarget.checked)} />
          Keep on this device
        </label>
      </form>
    </Show>
  );
}
