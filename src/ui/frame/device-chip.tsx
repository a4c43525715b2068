import { For, Show } from 'solid-js';
import { useApp } from '../context';
import { formatBytes } from '../state/format';

/** What it computes on; more on a click. */
export function DeviceChip() {
  const { engine } = useApp();
  let card!: HTMLDivElement;
  let chip!: HTMLButtonElement;
  const memory = () => Object.entries(engine.device()?.memory ?? {});
  const total = () => memory().reduce((sum, [, bytes]) => sum + bytes, 0);
  function place(event: Event): void {
    if ((event as ToggleEvent).newState !== 'open') return;
    const { bottom, right } = chip.getBoundingClientRect();
    card.style.top = `${bottom + 6}px`;
    card.style.left = `${Math.max(8, right - card.offsetWidth)}px`;
  }
  return (
    <Show when={engine.device()}>
      {(device) => (
        <>
          <button ref={chip} type="button" class="chip" popovertarget="device-card" aria-haspopup="dialog">
            <span class="chip-name">{device().name}</span>
            <Show when={total() > 0}>
              <span class="figures">{formatBytes(total())}</span>
            </Show>
          </button>
          <div ref={card} id="device-card" class="card-popover" popover="auto" on:toggle={place}>
            <h2>{device().name}</h2>
            <p>
              {device().software ? 'A software adapter: the CPU plays the GPU.' : 'The GPU that the browser offers.'}
            </p>
            <dl>
              <For each={memory()}>
                {([purpose, bytes]) => (
                  <div>
                    <dt>{purpose}</dt>
                    <dd>{formatBytes(bytes)}</dd>
                  </div>
                )}
              </For>
              <div>
                <dt>Features in use</dt>
                <dd>{device().features.join(', ') || 'none'}</dd>
              </div>
            </dl>
          </div>
        </>
      )}
    </Show>
  );
}
