// A dataset's rows, whichever file they came from, and what a model reads of them.
import type { ChatMessage } from '../tokenizer/chat-message';

/** One row of a dataset. */
export type Example =
  | { readonly kind: 'instruct'; readonly instruction: string; readonly input: string; readonly output: string }
  | { readonly kind: 'messages'; readonly messages: readonly ChatMessage[] }
  | { readonly kind: 'completion'; readonly prompt: string; readonly completion: string }
  | { readonly kind: 'text'; readonly text: string }
  /** Ids as they are; labels stand beside their ids, −100 where not trained. */
  | { readonly kind: 'tokens'; readonly ids: readonly number[]; readonly labels: readonly number[] };

/** A label that is not in the loss, as in PyTorch. */
export const IGNORED = -100;

/** A row as the model reads it. */
export interface TokenizedRow {
  /** Index of the row in its dataset: keys its dropout masks, and names it in messages. */
  readonly row: number;
  readonly ids: readonly number[];
  /** Beside their ids (the shift by one is the trainer's); `IGNORED` where not trained. */
  readonly labels: readonly number[];
  /** It was longer than the cutoff. */
  readonly truncated: boolean;
}
