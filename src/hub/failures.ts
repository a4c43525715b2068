// What can go wrong between here and a server, as sentences.

import { PronkError } from '../core/errors';

/** A failure that trying again may mend; `reason` is a clause without its full stop. */
export class Fault extends Error {
  readonly reason: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** Milliseconds that the server asks to wait. */
  readonly wait?: number;
  /** Who answered, where that is not who was asked. */
  readonly host?: string;
  /** How often it is tried again, where that is less than usual. */
  readonly retries?: number;
  /** What to say in the end, where it is known better than `network`. */
  readonly final?: PronkError;

  constructor(
    reason: string,
    more: {
      readonly status?: number;
      readonly wait?: number | undefined;
      readonly host?: string;
      readonly retries?: number;
      readonly final?: PronkError;
    } = {},
  ) {
    super(reason);
    this.reason = reason;
    Object.assign(this, more);
  }
}

/** What is known of a request whose tries are all spent. */
interface Spent {
  readonly manner: 'look' | 'resume' | 'read';
  /** Not a byte came: pages are not told whether a server is away or does not let them read it. */
  readonly silent: boolean;
  /** Milliseconds that the server asked to wait. */
  readonly wait?: number | undefined;
}

/** `network`: all tries are spent. Says what is safe: nothing was begun, or what was imported so far stays. */
export function unreachable(
  { name, url }: { readonly name: string; readonly url: string },
  fault: Fault,
  { manner, silent, wait = 0 }: Spent,
  cause: unknown,
): PronkError {
  if (fault.final) return fault.final;
  const { host } = new URL(url);
  const offline = fault.status === undefined && isOffline();
  const reason = offline ? 'this device is offline' : fault.reason;
  const hidden = silent && !offline && fault.status === undefined && !isHub(url);
  const cors = hidden ? ' That server must also allow pages to read it (CORS).' : '';
  const later = wait > 60_000 ? ` It asks to wait ${Math.ceil(wait / 60_000)} minutes.` : '';
  const safe =
    manner === 'look'
      ? 'Nothing was changed here.'
      : 'What was imported so far is kept, and the import can be resumed.';
  const then = fault.status === undefined ? 'Check the connection and try again.' : 'Try again later.';
  const what = `${name.charAt(0).toUpperCase()}${name.slice(1)} could not be read from ${host}: ${reason}.`;
  return new PronkError('network', `${what}${later} ${safe} ${then}${cors}`, { cause });
}

/** Whether the browser knows that there is no network; Node does not tell. */
function isOffline(): boolean {
  const { navigator } = globalThis as { navigator?: { onLine?: boolean } };
  return navigator?.onLine === false;
}

/** `changed-file`: the file is not the one that reading began with. */
export function changedFile(name: string, what: string): PronkError {
  return new PronkError(
    'changed-file',
    `${name} was replaced on the server while it was being read: ${what}. Parts of two files were not mixed. Import the ` +
      'model anew.',
  );
}

/** `no-ranges`: the server sends files only whole. */
export function noRanges(name: string, url: string): PronkError {
  const { host } = new URL(url);
  return new PronkError(
    'no-ranges',
    `${host} does not send parts of ${name}, only all of it at once, so that a broken download could not be resumed. ` +
      'Download the file with the browser and add it from the disk, or use another server.',
  );
}

/**
 * `gated`: an answer of 401 or 403.
 * @param token whether one was given with the request, or was refused before
 */
export function gated(name: string, url: string, token: 'given' | 'refused' | false): PronkError {
  const { host } = new URL(url);
  const hub = isHub(url);
  if (token === 'given') {
    const page = hub
      ? `Accept its licence on the ${thingAt(url)}'s page with the account that the token belongs to, and check`
      : 'Check';
    return new PronkError(
      'gated',
      `${host} refuses ${name} to this access token. ${page} that the token may read this ${thingAt(url)}.`,
    );
  }
  if (token === 'refused') return new PronkError('gated', `${expired(host)} It does not give ${name} without one.`);
  const how = hub
    ? `If the ${thingAt(url)} asks for it, accept its licence on its page on the Hub, and then give an access token of your account ` +
      '(Settings, Access Tokens, with the right to read). If there is no such page, check the name.'
    : 'Give an access token if you have one.';
  return new PronkError('gated', `${host} does not give ${name} to everybody. ${how}`);
}

/** `private`: the Hub does not tell who may not know whether there is such a model. */
export function unlisted({ name, url }: { readonly name: string; readonly url: string }, refused: boolean): PronkError {
  const { host } = new URL(url);
  if (refused) return new PronkError('private', `${expired(host)} To everybody else it says that there is no ${name}.`);
  return new PronkError(
    'private',
    `${host} shows no ${name} to everybody. Check the name. If the ${thingAt(url)} is private, give an access token of an account ` +
      'that may read it (Settings, Access Tokens, with the right to read).',
  );
}

/** Said of a token that was answered with 401. */
export function expired(host: string): string {
  return `${host} does not accept the access token: it has expired, was revoked, or was copied wrongly. Give a new one.`;
}

/** `not-found`: an answer of 404. */
export function notFound(name: string, url: string): PronkError {
  return new PronkError('not-found', `There is no ${name} on ${new URL(url).host}. Check the name and the revision.`);
}

/** What stands at an address. */
function thingAt(url: string): 'model' | 'dataset' {
  return /^\/(api\/)?datasets\//.test(new URL(url).pathname) ? 'dataset' : 'model';
}

/** The Hub, or a mirror that was asked for as one; others are called by their name only. */
function isHub(url: string): boolean {
  const { host, pathname } = new URL(url);
  return host === 'huggingface.co' || /^\/api\/(models|datasets)\//.test(pathname) || pathname.includes('/resolve/');
}
