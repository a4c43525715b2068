import { For, onCleanup, Show } from 'solid-js';
import { useApp } from '../context';
import { formatBytes } from '../shared/format';
import { asBoolean, createStored } from '../shared/local-storage';

/** What it computes on; more on a click. */
export function DeviceChip() {
  const { engine } = useApp();
  let card!: HTMLDivElement;
  let chip!: HTMLButtonElement;
  const memory = () => Object.entries(engine.device()?.memory ?? {});
  const total = () => memory().reduce((sum, [, bytes]) => sum + bytes, 0);
  const [seen, setSeen] = createStored('software-seen', false, asBoolean);
  /** One line the first time, a word from then on; all of it stands in the card. */
  const more = () => (seen() ? '' : ': no GPU, models run on the CPU');
  // the next visit knows it
  const leave = () => engine.device()?.software && setSeen(true);
  addEventListener('pagehide', leave);
  onCleanup(() => removeEventListener('pagehide', leave));
  function place(event: Event): void {
    if ((event as ToggleEvent).newState !== 'open') return;
    setSeen(true);
    const { bottom, right } = chip.getBoundingClientRect();
    card.style.top = `${bottom + 6}px`;
    card.style.left = `${Math.max(8, right - card.offsetWidth)}px`;
  }
  return (
    <Show when={engine.device()}>
      {(device) => (
        <>
          <button
            ref={chip}
            type="button"
            class="chip device-chip"
            classList={{ software: device().software }}
            popovertarget="device-card"
            aria-haspopup="dialog"
          >
            <Show when={device().software}>
              <span class="slow">
                Slow<span class="wide-only">{more()}</span>
              </span>
            </Show>
            <span class="chip-name">{device().name}</span>
            <Show when={total() > 0}>
              <span class="figures desktop-only">{formatBytes(total())}</span>
            </Show>
          </button>
          <div ref={card} id="device-card" class="card-popover" popover="auto" on:toggle={place}>
            <h2>{device().name}</h2>
            <p>
              {device().software
                ? 'Slow: the browser offers no GPU, so models run on the CPU. Turn on hardware acceleration in the browser, or use a device with a GPU.'
                : 'The GPU that the browser offers.'}
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
