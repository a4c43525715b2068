import { createUniqueId, For, Show } from 'solid-js';
import type { AdapterSummary } from '../../worker/contract';
import { Icon } from '../shared/icon';
import { useApp } from '../context';
import { countOf } from '../shared/format';
import { hrefOf } from '../shared/route';

/** The adapters of the model in use: on or off, and how strongly. */
export function AdapterSwitches() {
  const { adapters } = useApp();
  const id = createUniqueId();
  let button!: HTMLButtonElement;
  let card!: HTMLDivElement;
  const words = () => {
    const names = adapters.named().map(({ name }) => name);
    if (names.length === 0) return 'No adapter';
    return names.length === 1 ? names[0] : countOf(names.length, 'adapter');
  };
  function place(event: Event): void {
    if ((event as ToggleEvent).newState !== 'open') return;
    const { bottom, left } = button.getBoundingClientRect();
    card.style.top = `${bottom + 6}px`;
    card.style.left = `${Math.max(8, Math.min(left, innerWidth - card.offsetWidth - 8))}px`;
  }
  return (
    <Show when={adapters.ofModel().length > 0}>
      <button
        ref={button}
        type="button"
        class="chip adapters-chip"
        classList={{ on: adapters.inUse().length > 0 }}
        popovertarget={id}
        aria-haspopup="dialog"
        aria-label={`Adapters: ${words()}`}
      >
        <Icon name="tune" />
        <span class="chip-name">{words()}</span>
      </button>
      <div ref={card} id={id} class="card-popover" popover="auto" on:toggle={place}>
        <h2>Adapters</h2>
        <For each={adapters.ofModel().map((each) => each.id)}>{(each) => <AdapterSwitch id={each} />}</For>
        <p class="hint adapters-note">
          Several can be on at once; their effects add up.{' '}
          <a href={hrefOf('models')}>Rename or delete them in Models.</a>
        </p>
      </div>
    </Show>
  );
}

function AdapterSwitch(props: { id: string }) {
  const { adapters } = useApp();
  const adapter = () => adapters.find(props.id);
  return <Show when={adapter()}>{(found) => <SwitchRow adapter={found()} />}</Show>;
}

function SwitchRow(props: { adapter: AdapterSummary }) {
  const { adapters } = useApp();
  const strength = () => adapters.strengthOf(props.adapter.id);
  const isOn = () => adapters.isOn(props.adapter.id);
  return (
    <div class="adapter-switch">
      <label class="check prominent">
        <input
          type="checkbox"
          role="switch"
          checked={isOn()}
          onChange={(event) => adapters.turn(props.adapter.id, event.currentTarget.checked)}
        />
        <span>{props.adapter.name}</span>
      </label>
      <div class="adapter-strength">
        <input
          type="range"
          aria-label={`Strength of ${props.adapter.name}`}
          min="0"
          max="2"
          step="0.05"
          disabled={!isOn()}
          value={strength()}
          onInput={(event) => adapters.setStrength(props.adapter.id, Number(event.currentTarget.value))}
        />
        <output>{Math.round(strength() * 100)} %</output>
      </div>
    </div>
  );
}
