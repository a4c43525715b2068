// One request: what it carries, and where a redirect led it.

import type { Access } from './access';
import { Fault } from './failures';

/** An answer, and how it was come by. */
export interface Answer {
  readonly response: Response;
  /** Where it came from in the end. */
  readonly url: string;
  /** Whether the server that answered was shown a token. */
  readonly carried: boolean;
}

export interface RequestOptions {
  readonly fetch?: typeof fetch | undefined;
  /** Tokens for the servers that they belong to. */
  readonly access?: Access | undefined;
}

export interface Asked {
  readonly signal: AbortSignal;
  /** `bytes=0-99` */
  readonly range?: string | undefined;
  readonly method?: 'GET' | 'HEAD' | undefined;
}

/** Redirects that are followed; `fetch` itself follows no more. */
const MAX_REDIRECTS = 20;

/** Whether redirects are hidden here, as browsers hide them from pages. */
let hidden = false;

/**
 * A GET or HEAD. Nothing is kept by the browser (a cache of gigabytes that are read once would push everything else out),
 * and no cookies are sent. Where a token goes along, redirects are followed one by one, so that each server is shown what
 * belongs to it alone. Browsers do not let pages see where a redirect leads: there `fetch` follows it, and takes the
 * Authorization header off when it leads to another origin (Fetch standard, HTTP-redirect fetch; Chromium since 119).
 * With that header Chromium asks before each request whether it may, since `no-store` holds for such answers too.
 */
export async function ask(
  address: string,
  { fetch: call = fetch, access }: RequestOptions,
  { signal, range, method = 'GET' }: Asked,
): Promise<Answer> {
  let url = address;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const token = access?.headersFor(url) ?? {};
    const carried = Object.keys(token).length > 0;
    const send = (redirect: RequestRedirect) =>
      call(url, {
        method,
        // If-Range would make the browser ask first whether it may (a preflight); ETags are compared instead
        headers: { ...token, ...(range !== undefined && { Range: range }) },
        signal,
        cache: 'no-store',
        credentials: 'omit',
        redirect,
      });
    let response = await send(carried && !hidden ? 'manual' : 'follow');
    if (response.type === 'opaqueredirect') {
      hidden = true;
      response = await send('follow');
    }
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('Location') : null;
    if (location === null) {
      const from = response.url || url;
      return { response, url: from, carried: carried && new URL(from).origin === new URL(url).origin };
    }
    await response.body?.cancel();
    url = new URL(location, url).href;
  }
  throw new Fault('it redirects without end', { retries: 1 });
}
