// How likely a token was, with the texts of the ids: what is told of logarithms beside generated text.
import type { Sampled } from '../../model/inference/sampler';
import type { Tokenizer } from '../../tokenizer/tokenizer';

/** An id as it is shown; `bytes` where its text may be a part of a character. */
export interface ShownToken {
  readonly id: number;
  /** Special tokens are spelled out; bytes that are no whole character are U+FFFD. */
  readonly text: string;
  /** UTF-8. */
  readonly bytes: readonly number[];
  /** Natural logarithm of the model’s probability, at temperature 1 and before penalties, biases and forms. */
  readonly logprob: number;
}

/** A written token, and the likeliest ones in its place, from the likeliest on. */
export interface TokenLogprobs extends ShownToken {
  readonly top: readonly ShownToken[];
}

const utf8 = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Undefined where no logarithms were asked for. */
export function tokenLogprobs(tokenizer: Tokenizer, { id, logprobs }: Sampled): TokenLogprobs | undefined {
  if (!logprobs) return undefined;
  const shown = (each: number, logprob: number): ShownToken => {
    const spelled = tokenizer.spelling(each);
    const bytes = spelled === undefined ? tokenizer.bytes(each) : utf8.encode(spelled);
    return { id: each, text: decoder.decode(bytes), bytes: [...bytes], logprob };
  };
  return { ...shown(id, logprobs.logprob), top: logprobs.top.map((each) => shown(each.id, each.logprob)) };
}
