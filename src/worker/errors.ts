// Errors as data: what Comlink carries of an error is its name, message and stack, so the code travels as the name.
import { type TransferHandler, transferHandlers } from 'comlink';
import { PronkError } from '../core/errors';
import type { ErrorData } from './contract';

/** Each browser's words for a part of the program that cannot be fetched. */
const MISSING_PART = /dynamically imported module|importing a module script failed/i;
const RELOAD =
  'A part of Pronk could not be loaded: a new version of the page has replaced it, or there is no connection. Reload this window; what was saved is safe.';

/** An error's code and sentence. */
export function errorData(error: unknown): ErrorData {
  if (error instanceof PronkError) return { code: error.code, message: error.message };
  if (error instanceof Error && MISSING_PART.test(error.message)) return { code: 'missing-part', message: RELOAD };
  return { code: 'failed', message: error instanceof Error ? error.message : String(error) };
}

/** An error with its code as its name. */
export function withCode(error: unknown): Error {
  const { code, message } = errorData(error);
  return Object.assign(new Error(message, { cause: error }), { name: code });
}

/** Makes Comlink carry the codes of all errors that this thread throws. */
export function carryCodes(): void {
  const thrown = transferHandlers.get('throw') as TransferHandler<{ readonly value: unknown }, unknown>;
  transferHandlers.set('throw', { ...thrown, serialize: ({ value }) => thrown.serialize({ value: withCode(value) }) });
}
