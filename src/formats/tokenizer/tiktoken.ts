// Llama 3's tokenizer.model is a list of tiktoken ranks: a line for each token, its bytes in base64 and its rank. A text
// merges the neighbours whose joint bytes have the lowest rank; written out, those are the merges of byte-level BPE.

import { byteLevelText } from './byte-level';
import type { TokenizerDefinition } from '../../core/checkpoint';
import { PronkError, corruptFile } from '../../core/errors';

const LINE = /^([A-Za-z0-9+/]+=*) (\d+)$/;
/** Llama 3's; longer lists (Llama 4's) split text in another way. */
const MAX_RANKS = 128000;
/** Control tokens behind the ranks. */
const SPECIALS = 256;
const CONTROL = 3;
const NORMAL = 1;

/** The names that Llama 3.1 and 3.2 gave; the first release had some of them reserved. */
const NAMED: Readonly<Record<number, string>> = {
  0: 'begin_of_text',
  1: 'end_of_text',
  4: 'finetune_right_pad_id',
  6: 'start_header_id',
  7: 'end_header_id',
  8: 'eom_id',
  9: 'eot_id',
  10: 'python_tag',
};

/** Whether bytes begin like a list of ranks. */
export function isTiktoken(bytes: Uint8Array): boolean {
  const [line] = new TextDecoder().decode(bytes.subarray(0, 1024)).split('\n', 1);
  return LINE.test(line.trimEnd());
}

/**
 * Llama 3's vocabulary: the ranks, then 256 control tokens.
 * @throws PronkError `corrupt-file`; `unsupported-tokenizer` for a list that is not Llama 3's
 */
export function readTiktoken(bytes: Uint8Array, name: string): TokenizerDefinition & { readonly kind: 'gguf' } {
  const tokens: string[] = [];
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line.trim() === '') continue;
    const [, base64, rank] = LINE.exec(line.trimEnd()) ?? [];
    if (rank === undefined || Number(rank) !== tokens.length) {
      throw corruptFile(name, `its line ${tokens.length + 1} is not a token with its rank`);
    }
    tokens.push(byteLevelText(Uint8Array.from(decoded(base64, name), (each) => each.charCodeAt(0))));
  }
  if (tokens.length > MAX_RANKS) {
    const message = `${name} lists ${tokens.length} tokens. Llama 3's list has ${MAX_RANKS}, and Pronk reads no other.`;
    throw new PronkError('unsupported-tokenizer', `${message} Add the model's tokenizer.json instead.`);
  }
  const specials = specialTokens();
  return {
    kind: 'gguf',
    model: 'gpt2',
    pre: 'llama-bpe',
    tokens: [...tokens, ...specials],
    types: [...tokens.map(() => NORMAL), ...specials.map(() => CONTROL)],
    merges: mergesOf(tokens),
  };
}

function decoded(base64: string, name: string): string {
  try {
    return atob(base64);
  } catch {
    throw corruptFile(name, 'a token of its list is not base64');
  }
}

function specialTokens(): string[] {
  let reserved = 0;
  return Array.from({ length: SPECIALS }, (_, i) => `<|${NAMED[i] ?? `reserved_special_token_${reserved++}`}|>`);
}

/** Every pair of tokens that makes a token, in the order of the ranks that they make. */
function mergesOf(tokens: readonly string[]): string[] {
  const ranks = new Map(tokens.map((token, rank) => [token, rank]));
  return tokens.flatMap((token) => {
    const pairs: (readonly [left: number, right: number])[] = [];
    for (let cut = 1; cut < token.length; cut++) {
      const [left, right] = [ranks.get(token.slice(0, cut)), ranks.get(token.slice(cut))];
      if (left !== undefined && right !== undefined) pairs.push([left, right]);
    }
    return pairs.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]).map(([a, b]) => `${tokens[a]} ${tokens[b]}`);
  });
}
