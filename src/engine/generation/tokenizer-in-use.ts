// The tokenizer that a prompt is for: the model's, or that of an adapter in use which has tokens of its own.
import type { TokenizerSpec } from '../../core/checkpoint';
import { createTokenizer } from '../../tokenizer/index';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import type { ResolvedAdapter } from '../adapters';

const made = new WeakMap<TokenizerSpec, Tokenizer>();

/** @param own the model's */
export function tokenizerInUse(own: Tokenizer, adapters: readonly ResolvedAdapter[]): Tokenizer {
  const spec = adapters.find(({ strength, tokenizer }) => strength !== 0 && tokenizer)?.tokenizer;
  if (!spec) return own;
  const tokenizer = made.get(spec) ?? createTokenizer(spec);
  made.set(spec, tokenizer);
  return tokenizer;
}
