// Errors as data: what Comlink carries of an error is its name, message and stack, so the code travels as the name.
import { PronkError } from '../formats/errors';
import type { ErrorData } from './api';

/** An error's code and sentence. */
export function errorData(error: unknown): ErrorData {
  if (error instanceof PronkError) return { code: error.code, message: error.message };
  return { code: 'failed', message: error instanceof Error ? error.message : String(error) };
}

/** The same error with its code as its name. */
export function withCode(error: unknown): Error {
  const { code, message } = errorData(error);
  return Object.assign(new Error(message, { cause: error }), { name: code });
}
