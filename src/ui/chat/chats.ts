// Conversations: asked, answered, branched, kept. Every one of them is in memory, the open one is shown.
import { type Accessor, batch, createMemo, createSignal } from 'solid-js';
import { unwrap } from 'solid-js/store';
import type { Prompt } from '../../worker/contract';
import { errorData } from '../../worker/client';
import type { SettingsState } from '../settings/settings';
import { createCollection } from '../shared/collection';
import {
  addTurn,
  type Conversation,
  mentions,
  mergeConversation,
  newConversation,
  parseConversation,
  saidAt,
  shownPath,
  siblings,
  type Turn,
  withoutWriter,
  writersOf,
} from '../shared/conversation';
import type { EngineState } from '../shared/engine-state';
import { asBoolean, asString, createStored, isRecord } from '../shared/local-storage';
import type { Notices } from '../shared/notices';
import type { OtherToken } from '../shared/odds';
import { createWindow } from '../shared/this-window';
import { type Asking, createAnswers } from './answers';

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
  /** Answers tell how likely each of their tokens was, and are shown so. */
  readonly why: Accessor<boolean>;
  setWhy(why: boolean): void;
  /** Another answer, as this one was up to a token, with another token in its place. */
  goOnWith(answer: Turn, at: number, other: OtherToken): void;
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
  /** Continues an answer that reached a limit, was stopped, or was interrupted. */
  continueAnswer(answer: Turn): void;
  /** An answer in a person's own words, as a branch of its own. */
  editAnswer(answer: Turn, text: string): void;
  /** Other forms of a turn, itself among them. */
  siblings(turn: Turn): readonly Turn[];
  show(turn: Turn): void;
  rename(id: string, title: string): void;
  remove(id: string): void;
}

const parseDrafts = (stored: unknown) => (isRecord(stored) ? (stored as Record<string, string>) : undefined);

const questionOf = (turn: Turn) => (turn.role === 'user' ? turn.id : turn.parent);
const without = <T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([each]) => each !== key));

/** Must run inside a Solid root. */
export function createChats(
  engine: EngineState,
  settings: SettingsState,
  notices: Notices,
  asking: Partial<Asking> = {},
): ChatsState {
  const [openId, setOpenId] = createStored<string>('chat', '', asString);
  const [drafts, setDrafts] = createStored<Record<string, string>>('drafts', {}, parseDrafts);
  const [compare, setCompare] = createStored('compare', false, asBoolean);
  const [why, setWhy] = createStored('why', false, asBoolean);
  const [newSystem, setNewSystem] = createStored<string>('system', '', asString);
  const [query, setQuery] = createSignal('');
  const [loaded, setLoaded] = createSignal(false);
  const self = createWindow();
  /** Other windows whose end is waited for. */
  const writers = new Set<string>();
  const sayError = (error: unknown) => notices.show(errorData(error).message);

  const chats = createCollection<Conversation>({
    records: engine.client.records,
    kind: 'chats',
    leftover: 'unsaved-chats',
    parse: parseConversation,
    merge: (mine, theirs) => mergeConversation(mine, theirs, answers.running()),
    onReceived(conversation) {
      for (const writer of writersOf(conversation, self.id)) void watch(writer);
    },
    onDeletedElsewhere: (conversation) => answers.stop(conversation),
    onUnsaved: (error) => notices.show(`A conversation could not be saved. ${errorData(error).message}`),
    onUndeleted: sayError,
  });
  const { find, change } = chats;
  const answers = createAnswers(engine, chats, { self, settings, compare, why, ...asking });

  const current = createMemo(() => find(openId()));
  const ready = () => loaded() || openId() === '';
  const path = createMemo<readonly Turn[]>(() => {
    const conversation = current();
    return conversation ? shownPath(conversation) : [];
  });
  const running = createMemo(() => current()?.turns.find(({ id }) => answers.isRunning(id)));
  const list = createMemo(() =>
    chats.all
      .filter((each) => query().trim() === '' || mentions(each, query()))
      .toSorted((a, b) => saidAt(b) - saidAt(a)),
  );

  /** Marks what another window was writing as interrupted, once that window is gone. */
  async function watch(writer: string): Promise<void> {
    if (writers.has(writer)) return;
    writers.add(writer);
    await self.whenGone(writer);
    // its last words may be in the store alone
    await chats.read().catch(() => {});
    for (const { id } of chats.all.filter((each) => writersOf(each, self.id).includes(writer))) {
      change(id, (conversation) => {
        conversation.turns = withoutWriter(conversation, writer).turns;
      });
    }
    writers.delete(writer);
  }

  async function read(): Promise<void> {
    await chats.read();
    batch(() => {
      setLoaded(true);
      if (!find(openId())) setOpenId('');
    });
  }

  function openOrNew(): Conversation {
    const open = current();
    if (open) return open;
    const made = newConversation(crypto.randomUUID(), newSystem(), Date.now());
    chats.add(made);
    setOpenId(made.id);
    return find(made.id) ?? made;
  }

  function addQuestion(id: string, parent: string | null, content: string): void {
    const question: Turn = { id: crypto.randomUUID(), parent, role: 'user', content, createdAt: Date.now() };
    change(id, (conversation) => addTurn(conversation, question));
    answers.add(id, question.id);
  }

  void read().catch((error: unknown) => {
    setLoaded(true);
    notices.show(`Conversations could not be read. ${errorData(error).message}`, undefined, 0);
  });

  return {
    list,
    query,
    setQuery,
    ready,
    current,
    path,
    running,
    tokensPerSecond: () => answers.rate(running()?.id ?? ''),
    open: (id) => setOpenId(id ?? ''),
    draft: () => drafts()[openId()] ?? '',
    setDraft(text) {
      const id = openId();
      setDrafts(text === '' ? without(drafts(), id) : { ...drafts(), [id]: text });
    },
    compare,
    setCompare,
    why,
    setWhy,
    goOnWith(answer, at, other) {
      const open = current();
      if (open && !running()) answers.goOnWith(open, answer, at, other);
    },
    system: () => current()?.system ?? newSystem(),
    setSystem(text) {
      const open = current();
      if (open) change(open.id, (conversation) => Object.assign(conversation, { system: text, systemAt: Date.now() }));
      else setNewSystem(text);
    },
    promptFor(text) {
      const open = current();
      const conversation: Conversation = open
        ? { ...open, turns: [...open.turns] }
        : newConversation('', newSystem(), 0);
      const id = 'asked';
      conversation.turns.push({
        id,
        parent: path().at(-1)?.id ?? null,
        role: 'user',
        content: text.trim(),
        createdAt: 0,
      });
      return answers.promptOf(conversation, id);
    },
    send(text) {
      const content = text.trim();
      if (content === '' || running() || !ready()) return;
      const { id } = openOrNew();
      addQuestion(id, path().at(-1)?.id ?? null, content);
    },
    stop() {
      const open = current();
      if (open) answers.stop(open);
    },
    regenerate(turn) {
      const open = current();
      const question = questionOf(turn);
      if (open && question !== null && !running()) answers.add(open.id, question);
    },
    edit(question, text) {
      const open = current();
      const content = text.trim();
      if (open && content !== '' && !running()) addQuestion(open.id, question.parent, content);
    },
    continueAnswer(turn) {
      const open = current();
      if (open && !running()) answers.continue(open, turn);
    },
    editAnswer({ parent, model, adapters: names }, content) {
      const open = current();
      if (!open || content.trim() === '' || running()) return;
      const turn: Turn = {
        id: crypto.randomUUID(),
        parent,
        role: 'assistant',
        content,
        createdAt: Date.now(),
        state: 'stop',
        edited: true,
        ...(model !== undefined && { model }),
        ...(names && { adapters: names }),
      };
      change(open.id, (conversation) => addTurn(conversation, turn));
    },
    siblings(turn) {
      const open = current();
      return open ? siblings(open, turn) : [turn];
    },
    show(turn) {
      const open = current();
      if (open) change(open.id, ({ shown }) => void (shown[turn.parent ?? ''] = turn.id));
    },
    rename(id, title) {
      if (title.trim() === '') return;
      change(id, (conversation) => Object.assign(conversation, { title: title.trim(), titleAt: Date.now() }));
    },
    remove(id) {
      const conversation = find(id);
      if (!conversation) return;
      answers.stop(conversation);
      const { title } = unwrap(conversation);
      const restore = chats.remove(id);
      if (openId() === id) setOpenId('');
      notices.show(`“${title}” was deleted.`, {
        label: 'Undo',
        run() {
          restore();
          setOpenId(id);
        },
      });
    },
  };
}
