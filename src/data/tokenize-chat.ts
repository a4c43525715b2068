// A conversation in its model's own form; what the assistant says, and the token that ends it, is what is learned.
import type { ChatPiece } from '../tokenizer/chat-message';
import { renderChat } from '../tokenizer/chat-template';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { withChatBos } from '../tokenizer/with-bos';
import { type DatasetMessage, IGNORED } from './types';

/** Ids and labels beside each other; `kept` are places that are not learnt even where all else is. */
export interface LabelledChat {
  readonly ids: readonly number[];
  readonly labels: readonly number[];
  readonly kept: ReadonlySet<number>;
}

/**
 * Ids of a conversation, and labels on the assistant's turns that are to be learnt. A token that spans a turn's first
 * character belongs to the turn.
 * @throws PronkError `bad-chat-template`
 */
export function tokenizeChat(messages: readonly DatasetMessage[], tokenizer: Tokenizer): LabelledChat {
  const pieces = renderChat(tokenizer, messages, { addGenerationPrompt: false });
  const encode = (some: readonly ChatPiece[]) =>
    withChatBos(tokenizer, tokenizer.encodePieces(some), tokenizer.chatTemplate !== undefined);
  const ids = encode(pieces);
  const labels = ids.map(() => IGNORED);
  /** Tokens of ids that lie wholly before a piece. */
  const tokensBefore = (piece: number) => {
    const before = encode(pieces.slice(0, piece));
    const differs = before.findIndex((id, i) => id !== ids[i]);
    return differs < 0 ? before.length : differs;
  };
  const unlearnt = unlearntPieces(messages, pieces);
  const kept = new Set<number>();
  for (const { role, first, last, next } of turnsOf(pieces)) {
    const isLearnt = !unlearnt.has(first);
    if (isLearnt && role !== 'assistant') continue;
    const [start, contentEnd, limit] = [tokensBefore(first), tokensBefore(last + 1), tokensBefore(next)];
    const ending = ids.slice(contentEnd, limit).findIndex((id) => tokenizer.eosIds.includes(id));
    const end = ending < 0 ? contentEnd : contentEnd + ending + 1;
    for (let i = start; i < end; i++) {
      if (isLearnt) labels[i] = ids[i];
      else kept.add(i);
    }
  }
  return { ids, labels, kept };
}

/** Pieces of messages that are not to be learnt. */
function unlearntPieces(messages: readonly DatasetMessage[], pieces: readonly ChatPiece[]): ReadonlySet<number> {
  const unlearnt = new Set<number>();
  if (messages.every(({ learn }) => learn !== false)) return unlearnt;
  /** The message that the last piece was of, and where in it the piece ended. */
  let [from, end] = [0, 0];
  for (const [i, { text, role }] of pieces.entries()) {
    if (role === undefined) continue;
    const said = text.trim();
    const placeIn = (n: number, after: number) =>
      messages[n]?.role === role ? messages[n].content.indexOf(said, n === from ? after : 0) : -1;
    const find = (after: number) => messages.findIndex((_, n) => n >= from && placeIn(n, after) >= 0);
    // what was said before in the same words is of an earlier message; a template may also write a message twice
    const after = find(end) < 0 ? 0 : end;
    const at = find(after);
    const message = messages[at];
    if (!message) continue;
    const place = placeIn(at, after);
    [from, end] = [at, place + said.length];
    if (message.learn === false) unlearnt.add(i);
  }
  return unlearnt;
}

/** What one speaker says: first and last piece, and the piece where somebody's next words begin. */
interface Turn {
  readonly role: DatasetMessage['role'];
  readonly first: number;
  readonly last: number;
  readonly next: number;
}

function turnsOf(pieces: readonly ChatPiece[]): Turn[] {
  const turns: Turn[] = [];
  const written = pieces.flatMap(({ role }, i) => (role === undefined ? [] : [{ role, i }]));
  for (const [n, { role, i }] of written.entries()) {
    const next = written[n + 1]?.i ?? pieces.length;
    const before = turns.at(-1);
    // an answer in parts (a thought, and what follows it) has nothing that the template wrote in between
    if (before?.last === i - 1 && before.role === role) turns[turns.length - 1] = { ...before, last: i, next };
    else turns.push({ role, first: i, last: i, next });
  }
  return turns;
}
