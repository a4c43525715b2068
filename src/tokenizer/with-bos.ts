import type { Tokenizer } from './tokenizer';

/** BOS in front where the model wants one, unless a template has written it already. */
export function withBos({ bosId, addBos }: Pick<Tokenizer, 'bosId' | 'addBos'>, ids: number[]): number[] {
  return addBos && bosId !== undefined && ids[0] !== bosId ? [bosId, ...ids] : ids;
}
