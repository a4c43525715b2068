// An answer while it is generated: its text, its tokens and its end go into the record that holds it, whatever kind that is.
import type {
  AdapterUse,
  ErrorData,
  FinishReason,
  GenerateRequest,
  GenerationTiming,
  Prompt,
  ResponseFormat,
  SamplingOptions,
} from '../../worker/contract';
import type { AnswerTokens, Thought } from './conversation';
import { type AnswerOdds, joinOdds } from './odds';
import type { EngineState, ThoughtPiece } from './engine-state';

/** What a record holds of an answer. */
export interface StreamedAnswer {
  content: string;
  thought: Thought;
  state: 'streaming' | 'failed' | FinishReason;
  error: ErrorData | undefined;
  timing: GenerationTiming;
  tokens: AnswerTokens;
  odds: AnswerOdds;
  /** Name of the model that answers. */
  model: string;
}

/** A record's answer, as it is written. */
export interface AnswerTarget {
  /** Names the generation. */
  readonly id: string;
  write(values: (before: Pick<StreamedAnswer, 'content'> & Partial<StreamedAnswer>) => Partial<StreamedAnswer>): void;
  /** Tokens a second; undefined once it has ended. */
  setRate(rate: number | undefined): void;
}

export interface AnswerRequest {
  readonly prompt: Prompt;
  readonly sampling: SamplingOptions;
  /** Tokens that a thought may take, beside those of the answer. */
  readonly thinkingBudget?: number;
  /** So many of the likeliest tokens are told of beside each one. */
  readonly topLogprobs?: number;
  readonly responseFormat?: ResponseFormat;
  readonly adjustments?: GenerateRequest['adjustments'];
  readonly stop?: readonly string[];
  readonly adapters?: readonly AdapterUse[];
  /** The answer so far, where it is continued and not begun. */
  readonly continues?: Pick<StreamedAnswer, 'content'> & Partial<StreamedAnswer>;
}

/** What an answer took that was continued; the person waited for the first word once. */
function joinTimings(before: GenerationTiming | undefined, after: GenerationTiming): GenerationTiming {
  const { firstTokenMs, completionTokens } = before ?? after;
  return { ...after, firstTokenMs, completionTokens: Math.max(completionTokens, after.completionTokens) };
}

/** A thought with what became certain of it; `ms` before is what it took until the answer was gone on with. */
function joinThoughts(known: Thought | undefined, more: ThoughtPiece, isWhole: boolean, before: number): Thought {
  const { reasoning, tokens, ms } = more;
  // an answer that is gone on with in other tokens than its own has no thought in them
  if (isWhole && known && reasoning === '') return known;
  return { text: isWhole ? reasoning : `${known?.text ?? ''}${reasoning}`, tokens, ms: before + ms };
}

/** Marks an answer as being written. */
export function beginAnswer({ write, setRate }: AnswerTarget): void {
  setRate(0);
  write(() => ({ state: 'streaming', error: undefined }));
}

/** Ends an answer that is not generated any more. */
export function endAnswer({ write, setRate }: AnswerTarget, values: Partial<StreamedAnswer>): void {
  setRate(undefined);
  write(() => values);
}

/** Generates an answer; what comes of it is written to its target. */
export function streamAnswer(engine: EngineState, target: AnswerTarget, request: AnswerRequest): void {
  const { stop = [], continues: before, ...asked } = request;
  const thoughtBefore = before?.thought?.ms ?? 0;
  let isFirst = true;
  let modelId = '';
  engine.generate({
    id: target.id,
    ...asked,
    stop: [...stop],
    ...(before && { begun: ({ id }) => (before.tokens?.model === id ? before.tokens.ids : before.content) }),
    onModel({ id, name }) {
      modelId = id;
      target.write(() => ({ model: name }));
    },
    onText({ text, tokensPerSecond, ids, thought, logprobs }) {
      target.setRate(tokensPerSecond);
      // the first piece of a continued answer has all of it so far
      const isWhole = isFirst;
      isFirst = false;
      target.write(({ content, thought: known, tokens, odds: before }) => {
        const odds = joinOdds(before, logprobs, ids.length, isWhole);
        return {
          content: isWhole ? text : content + text,
          ...(thought && { thought: joinThoughts(known, thought, isWhole, thoughtBefore) }),
          tokens: { model: modelId, ids: isWhole || !tokens ? ids : [...tokens.ids, ...ids] },
          ...(odds && { odds }),
        };
      });
    },
    onDone: (state, timing) =>
      endAnswer(target, { state, ...(timing && { timing: joinTimings(before?.timing, timing) }) }),
    onFailed: (error) => endAnswer(target, { state: 'failed', error }),
  });
}
