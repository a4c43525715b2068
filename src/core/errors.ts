// The one error class of the engine's layers. It crosses the worker and the command line as { code, message }.

import type { ErrorCode } from './error-codes';

/** A named failure whose message is a sentence for the person: what happened, what is safe, what to do. */
export class PronkError extends Error {
  readonly code: ErrorCode;
  /** The setting that is wrong, where the code is `bad-config`. */
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { readonly field?: string }) {
    super(message, options);
    this.name = 'PronkError';
    this.code = code;
    this.field = options?.field;
  }
}

/** A file that cannot be what it claims to be. `problem` is a clause without its full stop. */
export function corruptFile(name: string, problem: string): PronkError {
  return new PronkError(
    'corrupt-file',
    `${name || 'The file'} is damaged or incomplete: ${problem}. Download it again.`,
  );
}

/** A file that the others need and that was not given. */
export function missingFile(name: string): PronkError {
  return new PronkError('missing-file', `The model's file ${name} is missing. Add all of its files together.`);
}

/** PronkError `unsupported-architecture`. `what` is a clause about the model. */
export function unsupported(name: string, what: string, supported?: readonly string[]): PronkError {
  const runs = supported ?? ['models of the LLaMA, Mistral, Qwen2 and InternLM2 families'];
  return new PronkError('unsupported-architecture', `${name} ${what}. Pronk runs ${runs.join(', ')}.`);
}
