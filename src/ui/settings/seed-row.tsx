import { createSignal, createUniqueId } from 'solid-js';
import { useApp } from '../context';
import { formatNumber } from '../shared/format';
import { Explained } from '../shared/explained';

const MOST = 2 ** 31 - 1;

/** The seed: a new one for each answer, or one that stays. */
export function SeedRow() {
  const { settings } = useApp();
  const id = createUniqueId();
  const [said, setSaid] = createSignal('');
  const fixed = () => settings.values().seed !== null;
  const set = (text: string) => {
    const seed = Math.floor(Number(text));
    settings.setSeed(text === '' || !Number.isFinite(seed) ? null : Math.min(MOST, Math.max(0, seed)));
    const now = settings.values().seed;
    setSaid(
      text !== '' && Number(text) !== now
        ? `A seed is a whole number from 0 to ${formatNumber(MOST)}; it is now ${now ?? 'a new one each time'}.`
        : '',
    );
  };
  return (
    <div class="setting">
      <Explained
        for={id}
        label="Seed"
        explanation="Starting point of the random number generator. The same seed, settings, model and device give the same answer. If it is empty, each answer gets a new seed."
      >
        <input
          id={id}
          class="number wide"
          type="number"
          min="0"
          step="1"
          placeholder="new each time"
          value={settings.values().seed ?? ''}
          onChange={(event) => {
            set(event.currentTarget.value);
            event.currentTarget.value = String(settings.values().seed ?? '');
          }}
        />
      </Explained>
      <p class="hint" role="status">
        {said()}
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={!fixed()}
          onChange={(event) => settings.setSeed(event.currentTarget.checked ? null : settings.sampling().seed)}
        />
        A new seed for each answer
      </label>
    </div>
  );
}
