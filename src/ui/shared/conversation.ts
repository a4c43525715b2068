// A conversation as data: turns with parents, so that every edit and every new answer is a branch that stays.
import type { AnswerOdds } from './odds';
import type { ChatMessage, ErrorData, FinishReason, GenerationTiming, Stored } from '../../worker/contract';

/** Ids of an answer, as one model's tokenizer has them: what it is gone on with from. */
export interface AnswerTokens {
  readonly model: string;
  readonly ids: readonly number[];
}

/** What a model thought before it answered, how many tokens that took, and how long. */
export interface Thought {
  readonly text: string;
  readonly tokens: number;
  readonly ms: number;
}

/** What the base model says to the same question, beside the answer of model and adapter. */
export interface BaseAnswer {
  content: string;
  thought?: Thought;
  state: TurnState;
  error?: ErrorData | undefined;
  timing?: GenerationTiming;
  tokens?: AnswerTokens;
  odds?: AnswerOdds;
}

/** `streaming` in a stored conversation means that its `writer` writes it, or was closed meanwhile. */
type TurnState = 'streaming' | 'failed' | FinishReason;

export interface Turn {
  readonly id: string;
  /** The turn before; none for a first question. */
  readonly parent: string | null;
  readonly role: 'user' | 'assistant';
  content: string;
  thought?: Thought;
  readonly createdAt: number;
  /** When it last changed: of two windows' states the later one holds. */
  changedAt?: number;
  /** The window that writes it, or wrote it. */
  writer?: string;
  state?: TurnState;
  error?: ErrorData | undefined;
  timing?: GenerationTiming;
  tokens?: AnswerTokens;
  /** How likely each of the tokens was, where that was asked for. */
  odds?: AnswerOdds;
  /** What form it was to have, where it was to have one. */
  form?: string;
  /** A person wrote it over. */
  edited?: boolean;
  /** Name of the model that answered. */
  model?: string;
  seed?: number;
  /** Names of the adapters that it was answered with. */
  adapters?: readonly string[];
  base?: BaseAnswer;
}

export interface Conversation extends Stored {
  title: string;
  /** When the title was last chosen. */
  titleAt?: number;
  readonly createdAt: number;
  system: string;
  systemAt?: number;
  turns: Turn[];
  /** The child that is shown, by parent; '' is the parent of first questions. */
  shown: Record<string, string>;
}

const key = (parent: string | null) => parent ?? '';

export function newConversation(id: string, system: string, now: number): Conversation {
  return { id, title: '', createdAt: now, updatedAt: now, system, turns: [], shown: {} };
}

/** Adds a turn and shows it, with all that leads to it. */
export function addTurn(conversation: Conversation, turn: Turn): void {
  conversation.turns.push(turn);
  for (const { id, parent } of pathTo(conversation, turn.id)) conversation.shown[key(parent)] = id;
  if (conversation.title === '' && turn.role === 'user') conversation.title = titleOf(turn.content);
}

/** Turns with the same parent and role, the oldest first. */
export function siblings({ turns }: Conversation, turn: Turn): Turn[] {
  return turns.filter((each) => each.parent === turn.parent);
}

type Said = Pick<Turn, 'content' | 'thought' | 'tokens' | 'state' | 'error' | 'edited' | 'timing'>;

/** Whether a model can go on with an answer: it did not come to its end, and there is something to go on with. */
export function isOpen({ content, thought, tokens, state, error, edited, timing }: Said): boolean {
  const begun = content !== '' || (thought !== undefined && tokens !== undefined);
  if (!begun || state === 'streaming' || error?.code === 'context-full') return false;
  return state !== 'stop' || (edited === true && timing === undefined);
}

/** What of an answer can be gone on with: its own words, or the base model's beside it. */
export function openParts(turn: Turn): { readonly own: boolean; readonly base: boolean } {
  const answer = turn.role === 'assistant' && turn.state !== 'streaming' && turn.base?.state !== 'streaming';
  return { own: answer && isOpen(turn), base: answer && turn.base !== undefined && isOpen(turn.base) };
}

/** The shown branch, from the first question on. */
export function shownPath({ turns, shown }: Conversation): Turn[] {
  const children = new Map<string, Turn[]>();
  for (const turn of turns) children.set(key(turn.parent), [...(children.get(key(turn.parent)) ?? []), turn]);
  const path: Turn[] = [];
  for (let parent = ''; ; ) {
    const options = children.get(parent) ?? [];
    const next = options.find(({ id }) => id === shown[parent]) ?? options.at(-1);
    if (!next || path.includes(next)) return path;
    path.push(next);
    parent = next.id;
  }
}

/** The turns that lead to one, itself included. */
export function pathTo({ turns }: Conversation, id: string): Turn[] {
  const path: Turn[] = [];
  for (let next: string | null = id; next !== null; ) {
    const turn: Turn | undefined = turns.find((each) => each.id === next);
    if (!turn || path.includes(turn)) break;
    path.unshift(turn);
    next = turn.parent;
  }
  return path;
}

/** What the model is told: questions that got no answer are left out, except the last. */
export function messagesTo(conversation: Conversation, questionId: string): ChatMessage[] {
  const path = pathTo(conversation, questionId);
  const said = path.filter(
    (turn, i) => i === path.length - 1 || (turn.role === 'user' ? path[i + 1].content !== '' : turn.content !== ''),
  );
  const system = conversation.system.trim();
  return [
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...said.map(({ role, content, thought }) => ({
      role,
      content,
      ...(thought?.text && { reasoning_content: thought.text }),
    })),
  ];
}

/**
 * A conversation joined with its state in another window or in the store: turns of both, each in its later state.
 * @param ours turns that are being written here
 */
export function mergeConversation(
  mine: Conversation,
  theirs: Conversation,
  ours: ReadonlySet<string> = new Set(),
): Conversation {
  const turns = new Map(mine.turns.map((turn) => [turn.id, turn]));
  for (const turn of theirs.turns) {
    const known = turns.get(turn.id);
    if (!known || (!ours.has(turn.id) && isLater(turn, known))) turns.set(turn.id, turn);
  }
  const { title, titleAt } = laterBy('titleAt', mine, theirs);
  const { system, systemAt } = laterBy('systemAt', mine, theirs);
  return {
    ...mine,
    updatedAt: Math.max(mine.updatedAt, theirs.updatedAt),
    title,
    ...(titleAt !== undefined && { titleAt }),
    system,
    ...(systemAt !== undefined && { systemAt }),
    turns: [...turns.values()].toSorted((a, b) => a.createdAt - b.createdAt),
    shown: { ...theirs.shown, ...mine.shown },
  };
}

/** The one whose field was changed last; where neither ever was, the one that was changed last at all. */
function laterBy(field: 'titleAt' | 'systemAt', mine: Conversation, theirs: Conversation): Conversation {
  const by = (theirs[field] ?? 0) - (mine[field] ?? 0);
  return by > 0 || (by === 0 && theirs.updatedAt > mine.updatedAt) ? theirs : mine;
}

const isBeingWritten = ({ state, base }: Turn) => state === 'streaming' || base?.state === 'streaming';

/** Whether a state of a turn comes after another one: by its time, then the ended one, then the longer one. */
function isLater(turn: Turn, than: Turn): boolean {
  const length = ({ content, thought }: Turn) => content.length + (thought?.text.length ?? 0);
  const order = (each: Turn) => [each.changedAt ?? 0, isBeingWritten(each) ? 0 : 1, length(each)];
  const [a, b] = [order(turn), order(than)];
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0);
}

/** Other windows that are said to be writing an answer. */
export function writersOf({ turns }: Conversation, self: string): string[] {
  return [...new Set(turns.filter(isBeingWritten).flatMap(({ writer }) => writer ?? []))].filter((id) => id !== self);
}

/** A conversation whose answers of a window that is gone are marked as cut off. */
export function withoutWriter(conversation: Conversation, writer: string): Conversation {
  const turns = conversation.turns.map((turn) => (turn.writer === writer ? cutOff(turn) : turn));
  return { ...conversation, turns };
}

/** When something was last said; another title or version of a turn changes nothing about it. */
export const saidAt = ({ turns, createdAt }: Conversation): number =>
  turns.reduce((latest, turn) => Math.max(latest, turn.createdAt), createdAt);

/** Words that stand in a conversation, for the search. */
export function mentions({ title, turns }: Conversation, query: string): boolean {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const text = [title, ...turns.map(({ content }) => content)].join('\n').toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

/** A title from a first question: its first line, cut at a word. */
export function titleOf(question: string): string {
  const [line] = question.trim().split('\n');
  if (line.length <= 48) return line;
  const cut = line.slice(0, 48);
  return `${cut.slice(0, Math.max(24, cut.lastIndexOf(' ')))}…`;
}

/**
 * A stored record as a conversation, or undefined where it is none. An answer that is being written by nobody knows whom
 * was cut off.
 */
export function parseConversation(stored: Stored): Conversation | undefined {
  const { title, titleAt, system, systemAt, turns, shown, createdAt } = stored as Partial<Conversation>;
  if (!Array.isArray(turns) || typeof shown !== 'object' || shown === null) return undefined;
  return {
    id: stored.id,
    updatedAt: stored.updatedAt,
    createdAt: createdAt ?? stored.updatedAt,
    title: title ?? '',
    ...(titleAt !== undefined && { titleAt }),
    system: system ?? '',
    ...(systemAt !== undefined && { systemAt }),
    turns: turns.map((turn) => (turn.writer === undefined ? cutOff(turn) : turn)),
    shown,
  };
}

/** A turn that nobody writes any more. */
function cutOff(turn: Turn): Turn {
  const { state, base } = turn;
  return {
    ...turn,
    ...(state === 'streaming' && CUT_OFF),
    ...(base?.state === 'streaming' && { base: { ...base, ...CUT_OFF } }),
  };
}

const CUT_OFF = {
  state: 'failed' as const,
  error: { code: 'interrupted', message: 'The page was closed before this answer was complete.' },
};
