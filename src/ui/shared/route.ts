// The four places, by the address's hash: it survives any host and works offline. This is the only table of them.
import { type Accessor, createSignal } from 'solid-js';

/** Places with their titles, in the order of the rail. */
export const PLACES = { chat: 'Chat', instruct: 'Instruct', 'fine-tune': 'Fine-tune', models: 'Models' } as const;

export type Place = keyof typeof PLACES;

export const placeNames = Object.keys(PLACES) as Place[];

/** The address of a place, for links. */
export const hrefOf = (place: Place): string => `#/${place}`;

/** Opens a place. */
export function goTo(place: Place): void {
  location.hash = hrefOf(place);
}

const fromHash = (hash: string): Place => placeNames.find((place) => hash === hrefOf(place)) ?? 'chat';

/** The place that is open; Chat where the address names none. */
export const openPlace = (): Place => fromHash(globalThis.location?.hash ?? '');

export function createRoute(): Accessor<Place> {
  const [place, setPlace] = createSignal(openPlace());
  addEventListener('hashchange', () => setPlace(openPlace()));
  return place;
}
