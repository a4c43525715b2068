import { createSignal, For, Show } from 'solid-js';
import type { ErrorData } from '../../worker/contract';
import { useApp } from '../context';
import { formatBytes, formatCount } from '../shared/format';
import { HeldTokens, TokenForm } from './token-form';

/** Errors that a token may help against. */
const WANTS_TOKEN = new Set(['gated', 'private', 'bad-token']);

/** Models of the Hugging Face Hub: by name, or one of those that are known to work. */
export function HubForm() {
  const { engine, library } = useApp();
  const { hub, imports } = library;
  const [address, setAddress] = createSignal('');
  /** The task that looks. */
  const [looking, setLooking] = createSignal<string>();
  const [error, setError] = createSignal<ErrorData>();
  /** Asked for: the token of this server. */
  const [wanted, setWanted] = createSignal<{ readonly endpoint: string | undefined }>();
  const busy = () => looking() !== undefined;
  const words = () => imports.tasks.find(({ id }) => id === looking())?.work?.stage ?? 'Looking it up';

  async function look(given: string): Promise<void> {
    const name = given.trim();
    if (name === '' || busy()) return;
    setAddress(name);
    setError(undefined);
    setWanted(undefined);
    const looked = imports.look({ kind: 'hub', address: name, tokens: hub.tokens() }, name);
    setLooking(imports.latest());
    const result = await looked;
    setLooking(undefined);
    if (result === 'planned') setAddress('');
    if (typeof result !== 'object') return;
    setError(result);
    if (!WANTS_TOKEN.has(result.code)) return;
    const endpoint = await engine.client.hub.tokenEndpoint(name).catch(() => undefined);
    // meanwhile something else may have been looked up
    if (error() === result) setWanted({ endpoint });
  }

  return (
    <section class="hub" aria-label="Hugging Face Hub">
      <form
        class="row end"
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
          Look up
        </button>
        <Show when={looking()}>
          {(id) => (
            <button
              type="button"
              class="button quiet"
              aria-label="Cancel the look-up"
              onClick={() => imports.cancel(id())}
            >
              Cancel
            </button>
          )}
        </Show>
      </form>
      <p class="hint" role="status" classList={{ 'visually-hidden': !busy() }}>
        {busy() ? words() : ''}
      </p>
      <Show when={error()}>{(problem) => <p role="alert">{problem().message}</p>}</Show>
      <Show when={wanted()}>
        {(asked) => <TokenForm endpoint={asked().endpoint} onDone={() => void look(address())} />}
      </Show>
      <HeldTokens />
      <details class="fold">
        <summary>Models that are known to work</summary>
        <ul class="item-list curated">
          <For each={hub.curated()}>
            {(model) => (
              <li>
                <div>
                  <span class="item-title">{model.name}</span>
                  <span class="hint block">
                    {model.note} · {formatCount(model.parameters)} parameters · {formatBytes(model.bytes)} to download ·
                    about {formatBytes(model.memory)} of GPU memory · <span class="licence">{model.licence}</span>
                    {model.gated ? ' · its publisher asks you to accept the licence, and for an access token' : ''}
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
