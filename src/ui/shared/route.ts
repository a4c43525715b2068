// The four places, by the address's hash: it survives any host and works offline.
import { type Accessor, createSignal } from 'solid-js';

const places = ['chat', 'instruct', 'fine-tune', 'models'] as const;
export type Place = (typeof places)[number];

const fromHash = (hash: string): Place => places.find((place) => hash === `#/${place}`) ?? 'chat';

export function createRoute(): Accessor<Place> {
  const [place, setPlace] = createSignal(fromHash(location.hash));
  addEventListener('hashchange', () => setPlace(fromHash(location.hash)));
  return place;
}
