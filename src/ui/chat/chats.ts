// Conversations: asked, answered, branched, kept. Every one of them is in memory, the open one is shown.
import { type Accessor, batch, createMemo, createSignal, onCleanup } from 'solid-js';
import { createStore, produce, reconcile, unwrap } from 'solid-js/store';
import type { AdapterUse, ChatStyle, Prompt, Stored } from '../../worker/contract';
import { errorData } from '../../worker/client';
import { baseOf, createAnswering } from '../shared/answering';
import {
  addTurn,
  type Conversation,
  mentions,
  mergeConversation,
  messagesTo,
  newConversation,
  openParts,
  parseConversation,
  saidAt,
  shownPath,
  siblings,
  type Turn,
  withoutWriter,
  writersOf,
} from '../shared/conversation';
import type { EngineState } from '../shared/engine-state';
import { putJoined } from '../shared/put-joined';
import type { Notices } from '../shared/notices';
import { createSaver, takeLeftovers } from '../shared/autosave';
import type { SettingsState } from '../settings/settings';
import { asBoolean, asString, createStored, isRecord } from '../shared/local-storage';
import { createWindow } from '../shared/this-window';

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

const parseDrafts = (stored: unknown) => (isRecord(stored) ? (stored as Record<string, string>) : undefined);

const questionOf = (turn: Turn) => (turn.role === 'user' ? turn.id : turn.parent);
const without = <T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([each]) => each !== key));

/** A conversation joined with a stored state of it. */
function joinStored<T extends Stored>(kept: T, stored: Stored): T {
  const [mine, theirs] = [parseConversation(kept), parseConversation(stored)];
  return mine && theirs ? (mergeConversation(mine, theirs) as Stored as T) : kept;
}

/** Tells other tabs what was saved (a conversation) or deleted (its id), and hears of it from them. */
function joinTabs(hear: (told: Conversation | string) => void) {
  const channel = new BroadcastChannel('pronk-chats');
  channel.addEventListener('message', ({ data }: MessageEvent<Conversation | string>) => hear(data));
  onCleanup(() => channel.close());
  return { tell: (told: Stored | string) => channel.postMessage(told) };
}

export function createChats(
  engine: EngineState,
  settings: SettingsState,
  notices: Notices,
  style: () => ChatStyle | undefined = () => undefined,
  adapters: () => readonly NamedUse[] = () => [],
): ChatsState {
  const { client } = engine;
  const [all, setAll] = createStore<Conversation[]>([]);
  const [openId, setOpenId] = createStored<string>('chat', '', asString);
  const [drafts, setDrafts] = createStored<Record<string, string>>('drafts', {}, parseDrafts);
  const [compare, setCompare] = createStored('compare', false, asBoolean);
  const [newSystem, setNewSystem] = createStored<string>('system', '', asString);
  const [query, setQuery] = createSignal('');
  /** Tokens a second of the answers that are written in this tab. */
  const [rates, setRates] = createSignal<Readonly<Record<string, number>>>({});
  const [loaded, setLoaded] = createSignal(false);
  const self = createWindow();
  /** Other windows whose end is waited for. */
  const writers = new Set<string>();
  /** Answers that are not asked for yet, since their question is being stored. */
  const unsent = new Map<string, () => void>();

  const find = (id: string) => all.find((each) => each.id === id);
  const current = createMemo(() => find(openId()));
  const ready = () => loaded() || openId() === '';
  const path = createMemo<readonly Turn[]>(() => {
    const conversation = current();
    return conversation ? shownPath(conversation) : [];
  });
  const running = createMemo(() => current()?.turns.find(({ id }) => id in rates() || baseOf(id) in rates()));
  const list = createMemo(() =>
    all.filter((each) => query().trim() === '' || mentions(each, query())).toSorted((a, b) => saidAt(b) - saidAt(a)),
  );

  const saver = createSaver({
    read: (id) => unwrap(find(id)),
    put: async (record) => tabs.tell(await putJoined(client.records, 'chats', record as Conversation, joinStored)),
    async remove(id) {
      await client.records.delete('chats', id);
      tabs.tell(id);
    },
    onError: (error) => notices.show(`A conversation could not be saved. ${errorData(error).message}`),
    leftover: 'unsaved-chats',
  });

  /** Changes a conversation and saves it soon. */
  function change(id: string, task: (conversation: Conversation) => void): void {
    setAll(
      (each) => each.id === id,
      produce((conversation) => {
        task(conversation);
        conversation.updatedAt = Date.now();
      }),
    );
    saver.schedule(id);
  }

  const changeTurn = (id: string, turnId: string, values: (turn: Turn) => Partial<Turn>) =>
    change(id, ({ turns }) => {
      const turn = turns.find((each) => each.id === turnId);
      if (!turn) return;
      Object.assign(turn, values(turn), { changedAt: Math.max(Date.now(), (turn.changedAt ?? 0) + 1) });
      if (turn.state === 'streaming') turn.writer = self.id;
    });

  const { partsOf, ask } = createAnswering(engine, {
    turn: (id, turnId) => find(id)?.turns.find((each) => each.id === turnId),
    changeTurn,
    setRate: (name, rate) =>
      setRates((before) => (rate === undefined ? without(before, name) : { ...before, [name]: rate })),
  });

  const tabs = joinTabs((told) => {
    if (typeof told !== 'string') takeIn(told);
    else {
      const mine = find(told);
      if (!mine) return;
      stopAll(mine);
      setAll((before) => before.filter(({ id }) => id !== told));
      // a state that was on its way to the store meanwhile goes too
      void saver.remove(told).catch(() => {});
    }
  });

  /** Joins another state of a conversation with this window's. */
  function takeIn(other: Conversation): void {
    const mine = find(other.id);
    if (!mine) setAll((before) => [...before, other]);
    else {
      const ours = new Set(Object.keys(rates()).map((id) => id.split(' ')[0] ?? ''));
      const merged = mergeConversation(unwrap(mine), other, ours);
      setAll((each) => each.id === other.id, reconcile(merged, { key: 'id' }));
    }
    for (const writer of writersOf(other, self.id)) void watch(writer);
  }

  /** Marks what another window was writing as cut off, once that is gone. */
  async function watch(writer: string): Promise<void> {
    if (writers.has(writer)) return;
    writers.add(writer);
    await self.whenGone(writer);
    // its last words may be in the store alone
    await takeStored().catch(() => {});
    for (const each of all) {
      if (!writersOf(each, self.id).includes(writer)) continue;
      const ended = withoutWriter(unwrap(each), writer);
      setAll(({ id }) => id === each.id, reconcile(ended, { key: 'id' }));
      saver.schedule(each.id);
    }
    writers.delete(writer);
  }

  async function takeStored(): Promise<void> {
    const { records, newer } = takeLeftovers('unsaved-chats', await client.records.list('chats'), joinStored);
    batch(() => {
      for (const each of records.map(parseConversation)) if (each) takeIn(each);
    });
    for (const { id } of newer) saver.schedule(id);
  }

  async function read(): Promise<void> {
    await takeStored();
    batch(() => {
      setLoaded(true);
      if (!find(openId())) setOpenId('');
    });
  }

  function openOrNew(): Conversation {
    const open = current();
    if (open) return open;
    const made = newConversation(crypto.randomUUID(), newSystem(), Date.now());
    setAll((before) => [...before, made]);
    setOpenId(made.id);
    return find(made.id) ?? made;
  }

  function addQuestion(id: string, parent: string | null, content: string): void {
    const question: Turn = { id: crypto.randomUUID(), parent, role: 'user', content, createdAt: Date.now() };
    change(id, (conversation) => addTurn(conversation, question));
    answer(id, question.id);
  }

  function answer(id: string, parent: string): void {
    const turnId = crypto.randomUUID();
    const sampling = settings.sampling();
    const used = adapters();
    const both = compare() && used.length > 0;
    const turn: Turn = {
      id: turnId,
      parent,
      role: 'assistant',
      content: '',
      createdAt: Date.now(),
      state: 'streaming',
      writer: self.id,
      seed: sampling.seed,
      ...(used.length > 0 && { adapters: used.map(({ name }) => name) }),
      ...(both && { base: { content: '', state: 'streaming' } }),
    };
    setRates((before) => ({ ...before, [turnId]: 0, ...(both && { [baseOf(turnId)]: 0 }) }));
    change(id, (conversation) => addTurn(conversation, turn));
    const conversation = find(id);
    if (!conversation) return;
    // a page that dies while it answers has kept the question
    unsent.set(turnId, () => {
      parts.own.end({ state: 'abort' });
      if (both) parts.base.end({ state: 'abort' });
    });
    const parts = partsOf(id, turnId);
    const prompt = promptOf(conversation, parent);
    void Promise.all([saver.now(id), self.known]).then(() => {
      if (!unsent.delete(turnId)) return;
      // strengths may be changed while both are written
      ask(parts.own, {
        prompt,
        sampling,
        ...(both && { adapters: used.map(({ id: adapter, strength }) => ({ id: adapter, strength })) }),
      });
      if (both) ask(parts.base, { prompt, sampling, adapters: [] });
    });
  }

  function promptOf(conversation: Conversation, questionId: string): Prompt {
    const asked = style();
    return { kind: 'chat', messages: messagesTo(conversation, questionId), ...(asked && { style: asked }) };
  }

  /** Goes on with an answer that did not come to its end. */
  function goOn(conversation: Conversation, turn: Turn): void {
    const { id } = conversation;
    const { own, base } = openParts(turn);
    const parts = partsOf(id, turn.id);
    const going = [...(own ? [parts.own] : []), ...(base ? [parts.base] : [])];
    if (going.length === 0 || turn.parent === null) return;
    const prompt = promptOf(conversation, turn.parent);
    const sampling = { ...settings.sampling(), ...(turn.seed !== undefined && { seed: turn.seed }) };
    for (const part of going) {
      part.begin();
      ask(part, { prompt, sampling, goesOn: true, ...(part === parts.base && { adapters: [] }) });
    }
  }

  function stopAll({ turns }: Conversation): void {
    for (const { id } of turns) {
      const drop = unsent.get(id);
      unsent.delete(id);
      if (drop) drop();
      else for (const each of [id, baseOf(id)]) if (each in rates()) engine.stop(each);
    }
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
    tokensPerSecond: () => rates()[running()?.id ?? ''] ?? 0,
    open: (id) => setOpenId(id ?? ''),
    draft: () => drafts()[openId()] ?? '',
    setDraft(text) {
      const id = openId();
      setDrafts(text === '' ? without(drafts(), id) : { ...drafts(), [id]: text });
    },
    compare,
    setCompare,
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
      return promptOf(conversation, id);
    },
    send(text) {
      const content = text.trim();
      if (content === '' || running() || !ready()) return;
      const { id } = openOrNew();
      addQuestion(id, path().at(-1)?.id ?? null, content);
    },
    stop() {
      const open = current();
      if (open) stopAll(open);
    },
    regenerate(turn) {
      const open = current();
      const question = questionOf(turn);
      if (open && question !== null && !running()) answer(open.id, question);
    },
    edit(question, text) {
      const open = current();
      const content = text.trim();
      if (open && content !== '' && !running()) addQuestion(open.id, question.parent, content);
    },
    goOn(turn) {
      const open = current();
      if (open && !running()) goOn(open, turn);
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
      stopAll(conversation);
      const kept = structuredClone(unwrap(conversation));
      setAll((before) => before.filter((each) => each.id !== id));
      if (openId() === id) setOpenId('');
      void saver.remove(id).catch((error: unknown) => notices.show(errorData(error).message));
      notices.show(`“${kept.title}” was deleted.`, {
        label: 'Undo',
        run() {
          const back = parseConversation(kept);
          if (!back) return;
          setAll((before) => [...before, back]);
          setOpenId(id);
          saver.schedule(id);
        },
      });
    },
  };
}
