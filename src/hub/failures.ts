// What can go wrong between here and a server, as sentences.

import { PronkError } from '../formats/errors';

/** A failure that trying again may mend; `reason` is a clause without its full stop. */
export class Fault extends Error {
  readonly reason: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  /** Milliseconds that the server asks to wait. */
  readonly wait?: number;
  /** How often it is tried again, where that is less than usual. */
  readonly retries?: number;
  /** What to say in the end, where it is known better than `network`. */
  readonly final?: PronkError;

  constructor(
    reason: string,
    more: {
      readonly status?: number;
      readonly wait?: number | undefined;
      readonly retries?: number;
      readonly final?: PronkError;
    } = {},
  ) {
    super(reason);
    this.reason = reason;
    Object.assign(this, more);
  }
}

/**
 * `network`: all tries are spent. What has been imported so far stays.
 * @param silent not a byte came: pages are not told whether a server is away or does not let them read it
 */
export function unreachable(name: string, url: string, fault: Fault, silent: boolean, cause: unknown): PronkError {
  if (fault.final) return fault.final;
  const { host } = new URL(url);
  const hidden = silent && fault.status === undefined && !isHub(url);
  const cors = hidden ? ' That server must also allow pages to read it (CORS).' : '';
  return new PronkError(
    'network',
    `${name} could not be read from ${host}: ${fault.reason}. What was imported so far is kept, and the import can be ` +
      `resumed. Check the connection and try again.${cors}`,
    { cause },
  );
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

/** `gated`: an answer of 401 or 403. */
export function gated(name: string, url: string, hasToken: boolean): PronkError {
  const { host } = new URL(url);
  const hub = isHub(url);
  if (hasToken) {
    const page = hub
      ? "Accept its licence on the model's page with the account that the token belongs to, and check"
      : 'Check';
    return new PronkError(
      'gated',
      `${host} refuses ${name} to this access token. ${page} that the token may read this model.`,
    );
  }
  const how = hub
    ? 'If the model asks for it, accept its licence on its page on the Hub, and then give an access token of your account ' +
      '(Settings, Access Tokens, with the right to read). If there is no such page, check the name.'
    : 'Give an access token if you have one.';
  return new PronkError('gated', `${host} does not give ${name} to everybody. ${how}`);
}

/** `not-found`: an answer of 404, or of 401 for a model that does not exist. */
export function notFound(name: string, url: string): PronkError {
  return new PronkError('not-found', `There is no ${name} on ${new URL(url).host}. Check the name and the revision.`);
}

/** The Hub, or a mirror that was asked for as one; others are called by their name only. */
function isHub(url: string): boolean {
  const { host, pathname } = new URL(url);
  return host === 'huggingface.co' || pathname.startsWith('/api/models/') || pathname.includes('/resolve/');
}
