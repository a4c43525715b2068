// How likely each token of an answer was, and what could have stood in its place: kept with the answer, shown on demand.
import type { TokenLogprobs } from '../../worker/contract';

/** A token that could have stood there; `p` is its probability. */
export interface OtherToken {
  readonly id: number;
  readonly text: string;
  readonly p: number;
}

/** A token with its probability, and the likeliest others. */
interface TokenOdds {
  readonly text: string;
  /** UTF-8, where the text is a part of a character. */
  readonly bytes?: readonly number[];
  readonly p: number;
  readonly others: readonly OtherToken[];
}

/** One a token of the answer; null for tokens that were written without. */
export type AnswerOdds = readonly (TokenOdds | null)[];

/** How many of the likeliest tokens are asked for. */
export const LIKELIEST = 6;

const probability = (logprob: number) => Number(Math.exp(logprob).toPrecision(4));

function oddsOf({ id, text, bytes, logprob, top }: TokenLogprobs): TokenOdds {
  return {
    text,
    ...(text.includes('\ufffd') && { bytes }),
    p: probability(logprob),
    others: top
      .filter((other) => other.id !== id)
      .map((other) => ({ id: other.id, text: other.text, p: probability(other.logprob) })),
  };
}

/**
 * The odds of an answer with those of a piece of it.
 * @param count tokens of the piece @param isWhole the piece has all tokens so far, some of which are known
 */
export function joinOdds(
  known: AnswerOdds | undefined,
  piece: readonly (TokenLogprobs | null)[] | undefined,
  count: number,
  isWhole: boolean,
): AnswerOdds | undefined {
  if (!piece && !known) return undefined;
  const made = Array.from({ length: count }, (_, i) => {
    const told = piece?.[i];
    if (told) return oddsOf(told);
    return isWhole ? (known?.[i] ?? null) : null;
  });
  return isWhole ? made : [...(known ?? []), ...made];
}

/** A token as it is shown; `at` is its place among the answer's tokens. */
export interface ShownToken {
  readonly at: number;
  readonly text: string;
  readonly odds: TokenOdds;
}

/** An answer in tokens, after what was written without odds. */
export interface ShownOdds {
  readonly before: string;
  readonly tokens: readonly ShownToken[];
}

/**
 * An answer's text in its tokens; undefined where they do not make it up.
 * @param skipped tokens in front that are no part of the text: those of a thought
 */
export function shownOdds(content: string, odds: AnswerOdds, skipped: number): ShownOdds | undefined {
  const start = Math.max(skipped, odds.findLastIndex((each) => each === null) + 1);
  const tokens = inCharacters(odds, start);
  const joined = tokens.map(({ text }) => text).join('');
  const ends = (text: string) =>
    content.endsWith(text) ? content.length - text.length : text.startsWith(content) ? 0 : -1;
  if (tokens.length === 0) return undefined;
  if (ends(joined) >= 0) return { before: content.slice(0, ends(joined)), tokens };
  // white space behind a thought is left out
  const trimmed = joined.trimStart();
  if (ends(trimmed) !== 0) return undefined;
  return { before: '', tokens: withoutFirst(tokens, joined.length - trimmed.length) };
}

/** Tokens from a place on; one that ends within a character is shown with the next. */
function inCharacters(odds: AnswerOdds, start: number): ShownToken[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encoder = new TextEncoder();
  const tokens: ShownToken[] = [];
  for (const [i, each] of odds.slice(start).entries()) {
    if (!each) continue;
    const bytes = each.bytes ? Uint8Array.from(each.bytes) : encoder.encode(each.text);
    const text = decoder.decode(bytes, { stream: true });
    if (text !== '') tokens.push({ at: start + i, text, odds: each });
  }
  return tokens;
}

function withoutFirst(tokens: readonly ShownToken[], characters: number): ShownToken[] {
  let left = characters;
  return tokens.flatMap((token) => {
    const cut = Math.min(left, token.text.length);
    left -= cut;
    return cut === token.text.length ? [] : [{ ...token, text: token.text.slice(cut) }];
  });
}
