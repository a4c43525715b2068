import { createSignal, For, Show } from 'solid-js';
import { useApp } from '../context';
import { formatBytes, formatCount } from '../shared/format';
import { createLookUpProblem, HubLookUp } from './hub-look-up';

/** Models of the Hugging Face Hub: by name, or one of those that are known to work. */
export function HubForm() {
  const { engine, library } = useApp();
  const { hub, imports } = library;
  const [address, setAddress] = createSignal('');
  /** The task that looks. */
  const [looking, setLooking] = createSignal<string>();
  const problem = createLookUpProblem(engine.client);
  const busy = () => looking() !== undefined;
  const words = () => imports.tasks.find(({ id }) => id === looking())?.work?.stage ?? 'Looking it up';

  async function look(given: string): Promise<void> {
    const name = given.trim();
    if (name === '' || busy()) return;
    setAddress(name);
    problem.clear();
    const looked = imports.look({ kind: 'hub', address: name, tokens: hub.tokens() }, name);
    setLooking(imports.latest());
    const result = await looked;
    setLooking(undefined);
    if (result === 'planned') setAddress('');
    if (typeof result === 'object') await problem.tell(result, name);
  }

  return (
    <section class="hub" aria-label="Hugging Face Hub">
      <HubLookUp
        label="From the Hugging Face Hub"
        title="owner/name, owner/name@revision, or an address"
        address={address()}
        onAddress={setAddress}
        onLook={() => void look(address())}
        words={busy() ? words() : undefined}
        problem={problem}
      >
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
      </HubLookUp>
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
