import { For, Show } from 'solid-js';
import { Icon, type IconName } from '../shared/icon';
import { useApp } from '../context';
import type { Place } from '../shared/route';
import { TrainingRing } from './training-ring';

const links: readonly { place: Place; label: string; icon: IconName }[] = [
  { place: 'chat', label: 'Chat', icon: 'chat' },
  { place: 'instruct', label: 'Instruct', icon: 'instruct' },
  { place: 'fine-tune', label: 'Fine-tune', icon: 'tune' },
  { place: 'models', label: 'Models', icon: 'models' },
];

/** The four places: a rail on the left, a bar at the bottom of a phone. */
export function Rail() {
  const { place, trainingNow } = useApp();
  return (
    <nav class="rail" aria-label="Places">
      <div class="mark">
        <img src="./icons/mark.svg" alt="" width="36" height="36" />
        <span>Pronk</span>
      </div>
      <For each={links}>
        {(link) => (
          <a
            href={`#/${link.place}`}
            aria-current={place() === link.place ? 'page' : undefined}
            aria-describedby={link.place === 'fine-tune' && trainingNow() ? 'training-now' : undefined}
          >
            <Icon name={link.icon} />
            <span>{link.label}</span>
            <Show when={link.place === 'fine-tune'}>
              <TrainingRing id="training-now" />
            </Show>
          </a>
        )}
      </For>
    </nav>
  );
}
