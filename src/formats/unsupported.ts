import { PronkError } from './errors';

/** PronkError `unsupported-architecture`. `what` is a clause about the model. */
export function unsupported(name: string, what: string, supported?: readonly string[]): PronkError {
  const runs = supported ?? ['models of the LLaMA, Mistral, Qwen2 and InternLM2 families'];
  return new PronkError('unsupported-architecture', `${name} ${what}. Pronk runs ${runs.join(', ')}.`);
}
