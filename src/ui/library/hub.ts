// The Hugging Face Hub: what is known to work there, and the access tokens that some models ask for. A token belongs to the
// server that it was given for.
import { type Accessor, createSignal } from 'solid-js';
import type { AccessToken, CuratedModel } from '../../worker/contract';
import type { Client } from '../../worker/client';
import { asString, isRecord, readStored, writeStored } from '../shared/local-storage';

/** A token, and whether it stays on this device. */
interface HeldToken extends AccessToken {
  readonly kept: boolean;
}

export interface HubState {
  readonly curated: Accessor<readonly CuratedModel[]>;
  /** Held in memory, and on this device only where the person asked for it. */
  readonly tokens: Accessor<readonly HeldToken[]>;
  /** @param endpoint the server that it is for: `https://huggingface.co` */
  setToken(endpoint: string, token: string, keep: boolean): void;
  forgetToken(endpoint: string): void;
}

const KEY = 'hub-token';
/** Earlier versions kept a token without saying whose it was, and asked for none but the Hub's. */
const HUB = 'https://huggingface.co';

export function createHub(hub: Client['hub']): HubState {
  const [curated, setCurated] = createSignal<readonly CuratedModel[]>([]);
  const [tokens, setTokens] = createSignal<readonly HeldToken[]>(readTokens());
  void hub.curated().then(setCurated, () => {});
  const put = (next: readonly HeldToken[]) => {
    setTokens(next);
    const kept = next.filter((each) => each.kept).map(({ endpoint, value }) => [endpoint, value]);
    writeStored(KEY, kept.length > 0 ? Object.fromEntries(kept) : undefined);
  };
  const without = (endpoint: string) => tokens().filter((each) => each.endpoint !== endpoint);
  return {
    curated,
    tokens,
    setToken(endpoint, token, kept) {
      const value = token.trim();
      put([...without(endpoint), ...(value ? [{ endpoint, value, kept }] : [])]);
    },
    forgetToken: (endpoint) => put(without(endpoint)),
  };
}

function readTokens(): HeldToken[] {
  const stored = readStored(KEY);
  const single = asString(stored);
  const found = single === undefined ? Object.entries(isRecord(stored) ? stored : {}) : [[HUB, single] as const];
  return found.flatMap(([endpoint, value]) => (typeof value === 'string' ? [{ endpoint, value, kept: true }] : []));
}
