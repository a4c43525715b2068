// A conversation in its model's own form; what the assistant says, and the token that ends it, is what is learned.
import type { ChatMessage, ChatPiece } from '../tokenizer/chat-message';
import { renderChat } from '../tokenizer/chat-template';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { withBos } from '../tokenizer/with-bos';
import { IGNORED } from './types';

/**
 * Ids of a conversation, and labels on the assistant's turns. A token that spans a turn's first character belongs to the
 * turn.
 * @throws PronkError `bad-chat-template`
 */
export function tokenizeChat(
  messages: readonly ChatMessage[],
  tokenizer: Tokenizer,
): { readonly ids: readonly number[]; readonly labels: readonly number[] } {
  const pieces = renderChat(tokenizer, messages, { addGenerationPrompt: false });
  const ids = withBos(tokenizer, tokenizer.encodePieces(pieces));
  const labels = ids.map(() => IGNORED);
  /** Tokens of ids that lie wholly before a piece. */
  const tokensBefore = (piece: number) => {
    const before = withBos(tokenizer, tokenizer.encodePieces(pieces.slice(0, piece)));
    const differs = before.findIndex((id, i) => id !== ids[i]);
    return differs < 0 ? before.length : differs;
  };
  for (const [first, last, next] of assistantTurns(pieces)) {
    const [start, contentEnd, limit] = [tokensBefore(first), tokensBefore(last + 1), tokensBefore(next)];
    const ending = ids.slice(contentEnd, limit).findIndex((id) => tokenizer.eosIds.includes(id));
    const end = ending < 0 ? contentEnd : contentEnd + ending + 1;
    for (let i = start; i < end; i++) labels[i] = ids[i]!;
  }
  return { ids, labels };
}

/** The assistant's turns: first and last piece, and the piece where somebody's next words begin. */
function assistantTurns(pieces: readonly ChatPiece[]): [first: number, last: number, next: number][] {
  const turns: [number, number, number][] = [];
  const written = pieces.flatMap(({ role }, i) => (role === undefined ? [] : [{ role, i }]));
  for (const [n, { role, i }] of written.entries()) {
    if (role !== 'assistant') continue;
    const next = written[n + 1]?.i ?? pieces.length;
    const turn = turns.at(-1);
    // an answer in parts (a thought, and what follows it) has nothing that the template wrote in between
    if (turn?.[1] === i - 1) [turn[1], turn[2]] = [i, next];
    else turns.push([i, i, next]);
  }
  return turns;
}
