// Why an adapter cannot be used, as sentences.

import { PronkError } from '../../core/errors';

/** An adapter without weights: PEFT's files of 443 bytes, and what ZeRO-3 leaves of tensors. */
export function emptyAdapter(name: string): PronkError {
  const message =
    `${name} is an empty adapter: it holds no weights, so it changes nothing. The script that saved it went wrong ` +
    '(alpaca-lora’s finetune.py did with newer versions of PEFT); save the trained adapter again, or take another checkpoint.';
  return new PronkError('adapter-empty', message);
}

/** An adapter that does not fit its base. `problem` is a clause without its full stop. */
export function mismatch(name: string, problem: string): PronkError {
  return new PronkError(
    'adapter-mismatch',
    `${name} does not fit this model: ${problem}. Use it with the model that it was trained on.`,
  );
}

/** An adapter that does what Pronk does not. `what` is a clause about it. */
export function unsupportedAdapter(name: string, what: string): PronkError {
  return new PronkError(
    'unsupported-adapter',
    `${name} ${what}. Pronk uses LoRA and DoRA adapters of linear maps, with whole embeddings, heads, norms and biases beside them. Merge it into its base with PEFT, and import the merged model.`,
  );
}

/** An adapter's tensor whose other half is not there. */
export function missingHalf(name: string, tensor: string): PronkError {
  return new PronkError('missing-tensor', `${name} lacks ${tensor}, which belongs to its other half. Save it again.`);
}
