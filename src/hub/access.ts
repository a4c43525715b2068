// Access tokens: each is shown to the server that it was given for, and to no other.

import { PronkError } from '../core/errors';
import { isDatasetPage, parseAddress } from './address';

export const HUB = 'https://huggingface.co';

/** A token with the server that it was given for. */
export interface AccessToken {
  /** Scheme, host and port: `https://huggingface.co` */
  readonly endpoint: string;
  readonly value: string;
}

/**
 * The server that a token for a model or a dataset belongs to, by its address.
 * @param hub the Hub, or a mirror of it
 * @returns undefined where none may be sent: on the way to another machine everybody could read it
 * @throws PronkError `bad-address`
 */
export function tokenEndpoint(address: string, hub = HUB): string | undefined {
  const parsed = isDatasetPage(address) ? undefined : parseAddress(address);
  const url = new URL(parsed === undefined || parsed.kind === 'hub' ? hub : parsed.url);
  return isPrivate(url) ? url.origin : undefined;
}

/** Tokens as they go along with requests, and what servers made of them. */
export class Access {
  readonly #tokens: ReadonlyMap<string, string>;
  /** Endpoints that did not accept theirs. */
  readonly #refused = new Set<string>();

  constructor(tokens: readonly AccessToken[] = []) {
    this.#tokens = new Map(tokens.map(({ endpoint, value }) => [endpoint, value.trim()]));
  }

  /** What a request to an address carries. @throws PronkError `bad-token` */
  headersFor(address: string): Readonly<Record<string, string>> {
    const url = new URL(address);
    const token = this.#tokens.get(url.origin);
    if (!token || !isPrivate(url) || this.#refused.has(url.origin)) return {};
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new PronkError('bad-token', 'The access token has characters that no token has. Copy it again.');
    }
    return { Authorization: `Bearer ${token}` };
  }

  /** Notes that a server does not accept its token: it is not sent there again. */
  refuse(address: string): void {
    this.#refused.add(new URL(address).origin);
  }

  /** Whether the server at an address did not accept its token. */
  isRefused(address: string): boolean {
    return this.#refused.has(new URL(address).origin);
  }

  /** Hosts that did not accept theirs. */
  get refusedBy(): readonly string[] {
    return Array.from(this.#refused, (endpoint) => new URL(endpoint).host);
  }
}

/** Whether nobody on the way can read along: `https`, or within this machine. */
function isPrivate({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  const local = hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]';
  return protocol === 'http:' && (local || /^127(\.\d+){3}$/.test(hostname));
}
