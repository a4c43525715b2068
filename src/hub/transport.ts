// Requests that are tried again: back-off, what the server asks to wait, silence, and an abort that is heeded at once.

import { PronkError } from '../core/errors';
import type { Access } from './access';
import { Fault, changedFile, gated, notFound, unlisted, unreachable } from './failures';
import { type Answer, type RequestOptions, ask } from './request';

/**
 * Who waits. `look`: a person, for whether there is anything; `resume`: the same, and an import rests meanwhile; `read`: an
 * import, which goes through bad times by itself.
 */
export type Manner = 'look' | 'resume' | 'read';

/** A wait that has begun. */
export interface Wait {
  readonly host: string;
  readonly ms: number;
  /** Whether the server named the time. */
  readonly asked: boolean;
}

export interface TransportOptions extends RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** `read` without it. */
  readonly manner?: (() => Manner) | undefined;
  /** Told of waits that a person would notice. */
  readonly onWait?: ((wait: Wait) => void) | undefined;
  /** Tries after the first one that may fail in a row; what brings bytes is not counted. */
  readonly retries?: number | undefined;
  /** Milliseconds before the try after `failures` (from 1) failures in a row; `status` is 429 where the server said so. */
  readonly backoff?: ((failures: number, status?: number) => number) | undefined;
  /** Milliseconds without an answer or a byte after which a connection counts as dead. */
  readonly idleMs?: number | undefined;
}

/** What is asked for: its name for messages, and its address. */
export interface Wanted {
  readonly name: string;
  readonly url: string;
}

/** An import rides out half a minute; who waits for an answer learns within seconds that there is none. */
const PATIENT = { retries: 6, idleMs: 30_000, most: 20_000, mostWait: 5 * 60_000 };
const HURRIED = { retries: 2, idleMs: 6000, most: 1000, mostWait: 10_000 };
const patience = (options: TransportOptions) => ((options.manner?.() ?? 'read') === 'read' ? PATIENT : HURRIED);
/** Shorter waits are not worth a word. */
const NOTICED_MS = 1500;
/** A try that brought this many bytes was not in vain. */
const PROGRESS = 64 << 10;

/**
 * Half a second, doubled up to 20 s, less a random part so that windows read at once do not come back at once. The Hub
 * counts requests in 5 minutes and does not let pages see its Retry-After: after a 429, 15 s doubled up to 2 min.
 */
export function defaultBackoff(failures: number, status?: number, longest = PATIENT.most): number {
  const [first, most] = status === 429 ? [15_000, 120_000] : [500, longest];
  return Math.min(first * 2 ** (failures - 1), most) * (0.5 + Math.random() / 2);
}

/**
 * Tries until an attempt succeeds, fails for good (it throws a PronkError) or the tries are spent.
 * @param attempt calls `alive` at each sign of life; its signal ends it when it is silent for too long
 * @param done bytes that were received so far, over all attempts
 * @throws PronkError `network`, or the attempt's own; the signal's reason
 */
export async function persist<T>(
  wanted: Wanted,
  options: TransportOptions,
  attempt: (signal: AbortSignal, alive: () => void) => Promise<T>,
  done: () => number = () => 0,
): Promise<T> {
  const { signal } = options;
  const { host } = new URL(wanted.url);
  let failures = 0;
  for (let mark = done(); ; mark = done()) {
    signal?.throwIfAborted();
    try {
      return await watched(attempt, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof PronkError) throw error;
      const fault = error instanceof Fault ? error : new Fault('the connection failed');
      failures = done() - mark >= PROGRESS ? 1 : failures + 1;
      const { most, mostWait, ...usual } = patience(options);
      const { retries = usual.retries, backoff = (...of) => defaultBackoff(...of, most) } = options;
      const wait = fault.wait ?? backoff(failures, fault.status);
      if (failures > Math.min(retries, fault.retries ?? retries) || wait > mostWait) {
        const silent = done() === 0;
        throw unreachable(wanted, fault, { manner: options.manner?.() ?? 'read', silent, wait: fault.wait }, error);
      }
      if (wait >= NOTICED_MS) options.onWait?.({ host: fault.host ?? host, ms: wait, asked: fault.wait !== undefined });
      await sleep(wait, signal);
    }
  }
}

/** One attempt, which ends at once when it is aborted and when it is silent for too long, whatever `fetch` does. */
function watched<T>(
  attempt: (signal: AbortSignal, alive: () => void) => Promise<T>,
  options: TransportOptions,
): Promise<T> {
  const { signal, idleMs = patience(options).idleMs } = options;
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = performance.now();
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      settle();
      // closes a body that was not read to its end
      controller.abort();
    };
    const abort = () => end(() => reject(signal?.reason as Error));
    // the timer looks when it fires, instead of being set at each of thousands of chunks
    const watch = () => {
      const left = last + idleMs - performance.now();
      if (left > 0) timer = setTimeout(watch, left);
      else end(() => reject(new Fault(`nothing came for ${Math.ceil(idleMs / 1000)} seconds`, silence(options))));
    };
    signal?.addEventListener('abort', abort, { once: true });
    watch();
    const alive = () => {
      last = performance.now();
    };
    attempt(controller.signal, alive).then(
      (value) => end(() => resolve(value)),
      (error: unknown) => end(() => reject(error as Error)),
    );
  });
}

/** Waits, unless it is aborted. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** What silence costs one who waits is not paid three times. */
const silence = ({ manner }: TransportOptions) => ((manner?.() ?? 'read') === 'read' ? {} : { retries: 1 });

/** Throws what an answer that is not a success means; `Fault` where another try may help. */
export function checkStatus({ response, url, carried }: Answer, wanted: Wanted, access?: Access): void {
  const { status } = response;
  if (response.ok) return;
  const problem = response.headers.get('X-Error-Code');
  if (status === 401 && carried) {
    // what everybody may read is read without it
    access?.refuse(url);
    throw new Fault('it does not accept the access token', { status, wait: 0 });
  }
  const refused = access?.isRefused(wanted.url) ?? false;
  if (status === 404 || status === 410) throw notFound(wanted.name, wanted.url);
  // the Hub says 401 for models that do not exist, so as not to tell which private ones do
  if (problem === 'RepoNotFound') throw carried ? notFound(wanted.name, wanted.url) : unlisted(wanted, refused);
  if (status === 401 || status === 403) throw gated(wanted.name, wanted.url, carried ? 'given' : refused && 'refused');
  if (status === 416) throw changedFile(wanted.name, 'it ends earlier now');
  const reason = status === 429 ? 'it gets too many requests at present' : `it answered with the error ${status}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw new Fault(reason, { status, wait: retryAfter(response), host: new URL(url).host });
  }
  const { host } = new URL(url);
  throw new PronkError('refused', `${host} refuses ${wanted.name} with the error ${status}. Nothing was changed here.`);
}

/** Retry-After in milliseconds: it is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(response: Response): number | undefined {
  const text = response.headers.get('Retry-After');
  if (text === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/**
 * A body's chunks, at most `most` bytes of them.
 * @throws Fault when there are more, or when the attempt has ended meanwhile
 */
export async function* chunks(
  response: Response,
  most: number,
  signal: AbortSignal,
  alive: () => void,
): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  const reader = response.body.getReader();
  for (let received = 0; ; ) {
    const { done, value } = await reader.read();
    // an attempt that was given up must not go on writing where the next one does
    if (signal.aborted) throw new Fault('the connection was given up');
    if (done) return;
    alive();
    received += value.byteLength;
    if (received > most) throw new Fault('it sent more than was asked for', { retries: 2 });
    yield value;
  }
}

/** A small answer as a JSON value, with the answer's headers. */
export async function getJson(
  wanted: Wanted,
  options: TransportOptions,
): Promise<{ readonly json: unknown; readonly headers: Headers }> {
  return persist(wanted, options, async (signal, alive) => {
    const answer = await ask(wanted.url, options, { signal });
    const { response } = answer;
    alive();
    checkStatus(answer, wanted, options.access);
    const parts: Uint8Array[] = [];
    for await (const part of chunks(response, MAX_JSON, signal, alive)) parts.push(part);
    const text = await new Blob(parts as BlobPart[]).text();
    try {
      return { json: JSON.parse(text) as unknown, headers: response.headers };
    } catch {
      throw new Fault('its answer is not what was expected', { retries: 2 });
    }
  });
}

const MAX_JSON = 32 << 20;
