import type { Tokenizer } from './tokenizer';

/** BOS in front where the model wants one, unless a template has written it already. */
export function withBos({ bosId, addBos }: Pick<Tokenizer, 'bosId' | 'addBos'>, ids: number[]): number[] {
  return addBos && bosId !== undefined && ids[0] !== bosId ? [bosId, ...ids] : ids;
}

/** BOS in front of a chat; in the model's own template only where the program that its files are for adds it. */
export function withChatBos(tokenizer: Tokenizer, ids: number[], inOwnTemplate: boolean): number[] {
  return withBos({ bosId: tokenizer.bosId, addBos: inOwnTemplate ? tokenizer.addBosToChat : tokenizer.addBos }, ids);
}
