import { For, Show } from 'solid-js';
import { Icon, type IconName } from '../shared/icon';
import { useApp } from '../context';
import { hrefOf, PLACES, type Place, placeNames } from '../shared/route';
import { TrainingRing } from './training-ring';

const icons: Readonly<Record<Place, IconName>> = {
  chat: 'chat',
  instruct: 'instruct',
  'fine-tune': 'tune',
  models: 'models',
};

/** The four places: a rail on the left, a bar at the bottom of a phone. */
export function Rail() {
  const { place, trainingNow } = useApp();
  return (
    <nav class="rail" aria-label="Places">
      <div class="mark">
        <img src="./icons/mark.svg" alt="" width="36" height="36" />
        <span>Pronk</span>
      </div>
      <For each={placeNames}>
        {(each) => (
          <a
            href={hrefOf(each)}
            aria-current={place() === each ? 'page' : undefined}
            aria-describedby={each === 'fine-tune' && trainingNow() ? 'training-now' : undefined}
          >
            <Icon name={icons[each]} />
            <span>{PLACES[each]}</span>
            <Show when={each === 'fine-tune'}>
              <TrainingRing id="training-now" />
            </Show>
          </a>
        )}
      </For>
    </nav>
  );
}
