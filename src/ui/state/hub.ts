// The Hugging Face Hub: what is known to work there, and the access token that some of its models ask for.
import { type Accessor, createSignal } from 'solid-js';
import type { CuratedModel } from '../../worker/api';
import type { Client } from '../../worker/client';
import { asString, readStored, writeStored } from './stored';

export interface HubState {
  readonly curated: Accessor<readonly CuratedModel[]>;
  /** Held in memory, and on this device only where the person asked for it. */
  readonly token: Accessor<string | undefined>;
  readonly kept: Accessor<boolean>;
  setToken(token: string, keep: boolean): void;
  forgetToken(): void;
}

const KEY = 'hub-token';

export function createHub(api: Client['api']): HubState {
  const [curated, setCurated] = createSignal<readonly CuratedModel[]>([]);
  const stored = asString(readStored(KEY));
  const [token, setToken] = createSignal(stored);
  const [kept, setKept] = createSignal(stored !== undefined);
  void api.curatedModels().then(setCurated, () => {});
  const put = (value: string | undefined, keep: boolean) => {
    setToken(value);
    setKept(keep && value !== undefined);
    writeStored(KEY, keep ? value : undefined);
  };
  return {
    curated,
    token,
    kept,
    setToken: (value, keep) => put(value.trim() || undefined, keep),
    forgetToken: () => put(undefined, false),
  };
}
