import './index.css';
import { createUniqueId, For, Show } from 'solid-js';
import { AnswerFormRows } from './answer-form-rows';
import { IconButton } from '../shared/icon-button';
import { passFocusOn } from '../shared/keep-focus';
import { onEscape } from '../shared/on-escape';
import { useApp } from '../context';
import { controls, presets } from './settings';
import { penaltyControls } from './penalties';
import { SettingRow } from './row';
import { SeedRow } from './seed-row';
import { ThinkingRows } from './thinking-rows';

/** How answers are drawn: presets, and every control for itself. */
export function SettingsPanel() {
  const { settings, answerForms, penalties, setSettingsOpen, chats, instruct, place } = useApp();
  const where = () => (place() === 'instruct' ? 'instruct' : 'chat');
  const presetId = createUniqueId();
  let panel!: HTMLElement;
  const toggle = () => document.querySelector<HTMLElement>('.settings-toggle');
  passFocusOn(() => panel, toggle);
  // Escape ends an answer first, as it does without the panel
  onEscape(() => chats.running() || instruct.running() || setSettingsOpen(false));
  const choose = (name: string) => {
    const preset = presets.find((each) => each.name === name);
    if (preset) settings.usePreset(preset);
  };
  return (
    <aside
      ref={panel}
      id="settings"
      class="settings"
      aria-label="Settings"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        setSettingsOpen(false);
      }}
    >
      <header>
        <h2>Generation settings {place() === 'instruct' ? 'for Instruct' : 'for Chat'}</h2>
        <IconButton icon="close" label="Close the settings" onClick={() => setSettingsOpen(false)} />
      </header>
      <label for={presetId}>Preset</label>
      <select
        id={presetId}
        value={settings.preset()?.name ?? ''}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <Show when={!settings.preset()}>
          <option value="">Custom settings</option>
        </Show>
        <For each={presets}>{({ name }) => <option value={name}>{name}</option>}</For>
      </select>
      <p class="hint">{settings.preset()?.source ?? 'Changed by you.'}</p>
      <For each={controls}>
        {(control) => (
          <SettingRow
            control={control}
            value={settings.values()[control.key]}
            onSet={(value) => settings.set(control.key, value)}
          />
        )}
      </For>
      <SeedRow />
      <details class="fold penalties">
        <summary>Penalties by count</summary>
        <For each={penaltyControls}>
          {(control) => (
            <SettingRow
              control={control}
              value={penalties[where()].values()[control.key]}
              onSet={(value) => penalties[where()].set(control.key, value)}
            />
          )}
        </For>
      </details>
      <AnswerFormRows form={answerForms[where()]} />
      <Show when={place() !== 'instruct'}>
        <ThinkingRows />
      </Show>
    </aside>
  );
}
