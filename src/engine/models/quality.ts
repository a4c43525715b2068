// Perplexity of a loaded model on the bundled text: exp of the mean negative log-likelihood of each token after the first.

import type { LoadedModel } from '../generation/generate';
import { QUALITY_TEXT } from './quality-text';

export interface Perplexity {
  readonly perplexity: number;
  /** Tokens that were predicted. */
  readonly tokens: number;
}

/** Tokens of text that are read at most: their logits are read back, [T, V] in f32. */
const MOST_TOKENS = 384;

export async function measurePerplexity({ session, tokenizer }: LoadedModel): Promise<Perplexity> {
  const { bosId, addBos } = tokenizer;
  const text = tokenizer.encode(QUALITY_TEXT);
  const ids = (addBos && bosId !== undefined ? [bosId, ...text] : text).slice(
    0,
    Math.min(MOST_TOKENS, session.context),
  );
  const logits = await session.logits(ids);
  const V = session.config.vocabSize;
  let sum = 0;
  for (let t = 0; t + 1 < ids.length; t++)
    sum += negativeLogLikelihood(logits.subarray(t * V, (t + 1) * V), ids[t + 1]);
  return { perplexity: Math.exp(sum / (ids.length - 1)), tokens: ids.length - 1 };
}

/** −log softmax(logits)[id], in float64. */
export function negativeLogLikelihood(logits: Float32Array, id: number): number {
  let largest = -Infinity;
  for (const value of logits) if (value > largest) largest = value;
  let total = 0;
  for (const value of logits) total += Math.exp(value - largest);
  return Math.log(total) + largest - logits[id];
}
