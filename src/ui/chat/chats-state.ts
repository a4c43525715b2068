// What Chat's components see of its conversations.
import type { Accessor } from 'solid-js';
import type { AdapterUse, Prompt } from '../../worker/contract';
import type { Conversation, Turn } from '../shared/conversation';

/** An adapter in use, with its name. */
export interface NamedUse extends AdapterUse {
  readonly name: string;
}

export interface ChatsState {
  /** Conversations that match the search, the latest first. */
  readonly list: Accessor<readonly Conversation[]>;
  readonly query: Accessor<string>;
  setQuery(query: string): void;
  /** The open conversation has been read, or there is none. */
  readonly ready: Accessor<boolean>;
  /** The open conversation; none before a new one's first question. */
  readonly current: Accessor<Conversation | undefined>;
  /** The open conversation's shown turns. */
  readonly path: Accessor<readonly Turn[]>;
  /** The answer that is being written in the open conversation. */
  readonly running: Accessor<Turn | undefined>;
  readonly tokensPerSecond: Accessor<number>;
  open(id: string | undefined): void;
  readonly draft: Accessor<string>;
  setDraft(text: string): void;
  /** The base model answers too, beside model and adapters. */
  readonly compare: Accessor<boolean>;
  setCompare(compare: boolean): void;
  readonly system: Accessor<string>;
  setSystem(text: string): void;
  send(text: string): void;
  /** What sending a text would ask the model. */
  promptFor(text: string): Prompt;
  stop(): void;
  /** A further answer to the question that a turn answers, or that it is. */
  regenerate(turn: Turn): void;
  /** The question in other words, as a branch of its own. */
  edit(question: Turn, text: string): void;
  /** Goes on with an answer that reached a limit, was stopped, or was cut off. */
  goOn(answer: Turn): void;
  /** An answer in a person's own words, as a branch of its own. */
  editAnswer(answer: Turn, text: string): void;
  /** Other forms of a turn, itself among them. */
  siblings(turn: Turn): readonly Turn[];
  show(turn: Turn): void;
  rename(id: string, title: string): void;
  remove(id: string): void;
}
