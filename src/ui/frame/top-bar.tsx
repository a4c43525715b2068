import { For, Show } from 'solid-js';
import { Icon } from '../shared/icon';
import { IconButton } from '../shared/icon-button';
import { useApp } from '../context';
import { formatBytes, formatCount, formatStage } from '../shared/format';
import { AdapterSwitches } from './adapter-switches';
import { DeviceChip } from './device-chip';
import { ProgressLine } from './progress-line';

const themeLabels = { system: 'Theme: system', light: 'Theme: light', dark: 'Theme: dark' };

/** The model in use, what it runs on, and the way to the settings. */
export function TopBar() {
  const { engine, settings, theme, settingsOpen, setSettingsOpen } = useApp();
  return (
    <header class="top-bar">
      <Show when={engine.model()} fallback={<ModelState />}>
        {(model) => (
          <div class="model-in-use">
            <select
              aria-label="Model in use"
              title={model().name}
              value={model().id}
              onChange={(event) => engine.use(event.currentTarget.value)}
            >
              <For each={engine.models()}>
                {(each) => (
                  <option value={each.id} selected={each.id === model().id}>
                    {each.name}
                  </option>
                )}
              </For>
            </select>
            <span class="figures desktop-only">
              {formatCount(model().parameters)} · {formatBytes(model().bytes)} · {model().quantization}
            </span>
            <AdapterSwitches />
            <ModelState />
          </div>
        )}
      </Show>
      <div class="top-bar-end">
        <DeviceChip />
        <IconButton icon={theme.theme()} label={themeLabels[theme.theme()]} onClick={() => theme.next()} />
        <button
          type="button"
          class="button quiet settings-toggle"
          aria-expanded={settingsOpen()}
          aria-controls="settings"
          onClick={() => setSettingsOpen(!settingsOpen())}
        >
          <Icon name="settings" />
          <span>{settings.preset()?.name ?? 'Custom settings'}</span>
        </button>
      </div>
      <ProgressLine />
    </header>
  );
}

/** What keeps the model from answering at once, in a word or two. */
function ModelState() {
  const { engine } = useApp();
  const words = () => {
    const progress = engine.progress();
    if (progress) return formatStage(progress);
    if (engine.problem()) return engine.model() ? 'Not loaded' : 'No model';
    return engine.ready() ? '' : 'Starting';
  };
  return (
    <Show when={words()}>
      <span class="model-state">{words()}</span>
    </Show>
  );
}
