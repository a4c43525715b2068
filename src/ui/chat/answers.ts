// Answers of a chat: asked of the model and, where both are compared, of the base model too; continued and stopped.
import { type Accessor, createSignal } from 'solid-js';
import { unwrap } from 'solid-js/store';
import type { AdapterUse, ChatStyle, ErrorData, Prompt, SamplingOptions } from '../../worker/contract';
import type { SettingsState } from '../settings/settings';
import type { Collection } from '../shared/collection';
import { addTurn, type BaseAnswer, type Conversation, messagesTo, openParts, type Turn } from '../shared/conversation';
import { LIKELIEST, type OtherToken } from '../shared/odds';
import type { AnswerForm } from '../settings/answer-form';
import type { EngineState } from '../shared/engine-state';
import {
  type AnswerRequest,
  type AnswerTarget,
  beginAnswer,
  endAnswer,
  type StreamedAnswer,
  streamAnswer,
} from '../shared/streamed-answer';
import type { ThisWindow } from '../shared/this-window';

/** An adapter in use, with its name. */
interface NamedUse extends AdapterUse {
  readonly name: string;
}

/** Settings of a question beside those of sampling. */
export interface Asking {
  /** In place of the model's own template. */
  readonly style: () => ChatStyle | undefined;
  readonly adapters: () => readonly NamedUse[];
  /** Whether the model is to think first, and in how many tokens at most. */
  readonly thinking: () => { readonly on: boolean; readonly budget: number };
  /** The form that answers are held to. */
  readonly form: () => AnswerForm;
  /** Penalties by count. */
  readonly adjustments: () => AnswerRequest['adjustments'];
}

export interface AnswersOptions extends Partial<Asking> {
  readonly self: ThisWindow;
  readonly settings: SettingsState;
  /** The base model answers too, beside model and adapters. */
  readonly compare: Accessor<boolean>;
  /** Answers tell how likely each of their tokens was. */
  readonly why: Accessor<boolean>;
}

export interface Answers {
  /** The prompt for a question of a conversation. */
  promptOf(conversation: Conversation, questionId: string): Prompt;
  /** Adds an answer to a question, and generates it once the question is stored. */
  add(conversation: string, questionId: string): void;
  /** Continues what of an answer did not come to its end. */
  continue(conversation: Conversation, turn: Turn): void;
  /** Another answer, as this one was up to a token, with another token in its place. */
  goOnWith(conversation: Conversation, turn: Turn, at: number, other: OtherToken): void;
  /** Stops every answer of a conversation that this window writes. */
  stop(conversation: Conversation): void;
  /** Whether a turn's answer, or the base model's beside it, is being written here. */
  isRunning(turnId: string): boolean;
  /** Ids of the turns that are being written here. */
  running(): ReadonlySet<string>;
  /** Tokens a second of an answer; 0 where it is not being written. */
  rate(turnId: string): number;
}

/** One of the answers in a turn. */
interface TurnAnswer {
  /** Generates it from its beginning. */
  generate(request: AnswerRequest): void;
  /** Generates what comes after the text that it has. */
  continue(request: AnswerRequest): void;
  /** Ends it before it was generated. */
  abort(): void;
  fail(error: ErrorData): void;
}

/** Names the base model's generation beside a turn's own. */
const baseOf = (turnId: string) => `${turnId} base`;

/** A base answer has no model's name of its own. */
function withoutModel(answer: Partial<StreamedAnswer>): Partial<BaseAnswer> {
  const { model: _, ...values } = answer;
  return values;
}

export function createAnswers(
  engine: EngineState,
  { find, change, save }: Pick<Collection<Conversation>, 'find' | 'change' | 'save'>,
  { self, settings, style, adapters = () => [], thinking, form, adjustments, compare, why }: AnswersOptions,
): Answers {
  /** Tokens a second of the generations of this window. */
  const [rates, setRates] = createSignal<Readonly<Record<string, number>>>({});
  /** Answers that are not asked for yet, since their question is being stored; what ends each of them. */
  const unsent = new Map<string, () => void>();

  const setRate = (id: string, rate: number | undefined) =>
    setRates((before) => {
      const { [id]: _, ...others } = before;
      return rate === undefined ? others : { ...others, [id]: rate };
    });

  const changeTurn = (id: string, turnId: string, values: (turn: Turn) => Partial<Turn>) =>
    change(id, ({ turns }) => {
      const turn = turns.find((each) => each.id === turnId);
      if (!turn) return;
      Object.assign(turn, values(turn), { changedAt: Math.max(Date.now(), (turn.changedAt ?? 0) + 1) });
      if (turn.state === 'streaming') turn.writer = self.id;
    });

  /** Both answers of a turn; the base model's is written only where the turn has one. */
  function answersOf(id: string, turnId: string): { readonly own: TurnAnswer; readonly base: TurnAnswer } {
    const turn = () => find(id)?.turns.find((each) => each.id === turnId);
    const answer = (target: AnswerTarget, read: () => BaseAnswer | Turn | undefined): TurnAnswer => ({
      generate: (request) => streamAnswer(engine, target, request),
      continue(request) {
        const before = unwrap(read());
        beginAnswer(target);
        streamAnswer(engine, target, { ...request, ...(before && { continues: before }) });
      },
      abort: () => endAnswer(target, { state: 'abort' }),
      fail: (error) => endAnswer(target, { state: 'failed', error }),
    });
    const own: AnswerTarget = {
      id: turnId,
      write: (values) => changeTurn(id, turnId, values),
      setRate: (rate) => setRate(turnId, rate),
    };
    const base: AnswerTarget = {
      id: baseOf(turnId),
      write: (values) =>
        changeTurn(id, turnId, (all) => (all.base ? { base: { ...all.base, ...withoutModel(values(all.base)) } } : {})),
      setRate: (rate) => setRate(baseOf(turnId), rate),
    };
    return { own: answer(own, turn), base: answer(base, () => turn()?.base) };
  }

  function promptOf(conversation: Conversation, questionId: string): Prompt {
    const asked = style?.();
    const how = thinking?.();
    return {
      kind: 'chat',
      messages: messagesTo(conversation, questionId),
      ...(asked && { style: asked }),
      ...(how && { thinking: how.on }),
    };
  }

  /** The settings that a generation uses. */
  const drawnWith = (sampling: SamplingOptions) => {
    const how = thinking?.();
    const format = form?.().format();
    const adjusted = adjustments?.();
    return {
      sampling,
      ...(how && { thinkingBudget: how.budget }),
      ...(why() && { topLogprobs: LIKELIEST }),
      ...(format && { responseFormat: format }),
      ...(adjusted && { adjustments: adjusted }),
    };
  };

  return {
    promptOf,
    add(id, parent) {
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
        ...(form && form().kind() !== 'text' && { form: form().kind() }),
        ...(used.length > 0 && { adapters: used.map(({ name }) => name) }),
        ...(both && { base: { content: '', state: 'streaming' } }),
      };
      setRate(turnId, 0);
      if (both) setRate(baseOf(turnId), 0);
      change(id, (conversation) => addTurn(conversation, turn));
      const conversation = find(id);
      if (!conversation) return;
      const { own, base } = answersOf(id, turnId);
      const problem = form?.().problem();
      if (problem !== undefined) {
        for (const answer of both ? [own, base] : [own]) answer.fail({ code: 'bad-schema', message: problem });
        return;
      }
      // a page that dies while it answers has kept the question
      unsent.set(turnId, () => {
        own.abort();
        if (both) base.abort();
      });
      const prompt = promptOf(conversation, parent);
      const drawn = drawnWith(sampling);
      void Promise.all([save(id), self.known]).then(() => {
        if (!unsent.delete(turnId)) return;
        // strengths may be changed while both are written
        const uses = used.map(({ id: adapter, strength }) => ({ id: adapter, strength }));
        own.generate({ prompt, ...drawn, ...(both && { adapters: uses }) });
        if (both) base.generate({ prompt, ...drawn, adapters: [] });
      });
    },
    continue(conversation, turn) {
      const open = openParts(turn);
      if ((!open.own && !open.base) || turn.parent === null) return;
      const { own, base } = answersOf(conversation.id, turn.id);
      const problem = form?.().problem();
      if (problem !== undefined) {
        for (const answer of [open.own && own, open.base && base]) {
          if (answer) answer.fail({ code: 'bad-schema', message: problem });
        }
        return;
      }
      const prompt = promptOf(conversation, turn.parent);
      const drawn = drawnWith({ ...settings.sampling(), ...(turn.seed !== undefined && { seed: turn.seed }) });
      if (open.own) own.continue({ prompt, ...drawn });
      if (open.base) base.continue({ prompt, ...drawn, adapters: [] });
    },
    goOnWith(conversation, turn, at, other) {
      const { parent, tokens, odds, thought, seed, adapters: names, model } = turn;
      const replaced = odds?.[at];
      if (parent === null || !tokens || !replaced) return;
      const id = crypto.randomUUID();
      const others = [
        { id: tokens.ids[at] ?? 0, text: replaced.text, p: replaced.p },
        ...replaced.others.filter((each) => each.id !== other.id),
      ];
      change(conversation.id, (open) =>
        addTurn(open, {
          id,
          parent,
          role: 'assistant',
          content: '',
          createdAt: Date.now(),
          state: 'abort',
          tokens: { model: tokens.model, ids: [...tokens.ids.slice(0, at), other.id] },
          odds: [...odds.slice(0, at), { text: other.text, p: other.p, others }],
          ...(thought && { thought }),
          ...(seed !== undefined && { seed }),
          ...(names && { adapters: names }),
          ...(model !== undefined && { model }),
        }),
      );
      const drawn = drawnWith({ ...settings.sampling(), ...(seed !== undefined && { seed }) });
      answersOf(conversation.id, id).own.continue({ prompt: promptOf(conversation, parent), ...drawn });
    },
    stop({ turns }) {
      for (const { id } of turns) {
        const drop = unsent.get(id);
        unsent.delete(id);
        if (drop) drop();
        else for (const each of [id, baseOf(id)]) if (each in rates()) engine.stop(each);
      }
    },
    isRunning: (turnId) => turnId in rates() || baseOf(turnId) in rates(),
    running: () => new Set(Object.keys(rates()).map((id) => id.split(' ')[0] ?? '')),
    rate: (turnId) => rates()[turnId] ?? 0,
  };
}
