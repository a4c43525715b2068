// One generation: ids in, pieces of text out, until end of text, a stop string, the limit, or the person's Stop.
import type { BeamOptions } from '../../model/inference/beam-search';
import type { Guide } from '../../model/inference/sample-options';
import type { Session } from '../../model/inference/session';
import type { Sampled } from '../../model/inference/sampler';
import type { Adjustments, Sampling } from '../../ops/sample/sampling';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import type { ThoughtMarks } from '../../tokenizer/thinking';
import { closingIds } from './prompt';
import { StopFilter } from './stop';
import { ThoughtParts } from './thought';
import { type TokenLogprobs, tokenLogprobs } from './token-logprobs';

/** A model on the GPU with its tokenizer. */
export interface LoadedModel {
  readonly session: Session;
  readonly tokenizer: Tokenizer;
}

export interface GenerateOptions {
  readonly sampling: Sampling;
  /** Penalties by count, and biases of single ids. */
  readonly adjustments?: Adjustments | undefined;
  /** Searches for a likely text instead of drawing one; it comes when it is found. */
  readonly beams?: BeamOptions | undefined;
  /** Tells how likely each token was, with this many of the likeliest, 0 to 20; the text is the same with it. */
  readonly topLogprobs?: number | undefined;
  readonly maxTokens: number;
  readonly stop?: readonly string[];
  readonly signal?: AbortSignal;
  /**
   * Tokens that a thought may take, which do not count towards `maxTokens`; after them, and where the model would end within
   * it, the thought is closed, and the answer goes on. Without it a thought is as long as the model makes it, within `maxTokens`.
   */
  readonly thinkingBudget?: number | undefined;
}

/** The form by which a thought is told from an answer. */
export interface ThoughtForm {
  readonly marks: ThoughtMarks;
  /** The prompt has opened the thought. */
  readonly isOpen: boolean;
}

/** The beginning of an answer that is to be continued: its ids, or its text where those are not known. */
export type Begun = readonly number[] | string;

/** A token, and the text that became certain with it (possibly none). */
export interface GeneratedToken {
  readonly token: number;
  readonly text: string;
  /** The token is part of a thought; the text of the thought that became certain with it. */
  readonly reasoning?: string;
  /** The token belongs to the beginning that the answer had already. */
  readonly again?: true;
  /** Where they are asked for, and the token is written anew. */
  readonly logprobs?: TokenLogprobs;
}

/** The result of a generation: its text, the reason of its end, and the tokens and time that it took. */
export interface Generation {
  /** `stop`: end of text or a stop string; `length`: the limit or a full context; `abort`: the signal. */
  readonly finish: 'stop' | 'length' | 'abort';
  readonly text: string;
  /** The thought before the answer, if there was one. */
  readonly reasoning?: string;
  /** Tokens of the thought, among `completionTokens`. */
  readonly reasoningTokens: number;
  /** From the first token to the thought's end; 0 without a thought. */
  readonly reasoningMs: number;
  readonly promptTokens: number;
  /** Prompt tokens that were in the cache already. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly firstTokenMs: number;
  /**
   * Tokens a second after the first one; 0 where there was only one. For a beam search, whose tokens come all at once,
   * the time counts from its start.
   */
  readonly tokensPerSecond: number;
}

/**
 * Generates from prompt ids; the pieces joined equal the result's text, and those of the thought its `reasoning`.
 * @param thought how this model marks off a thought; without it all is answer
 * @param begun the answer so far: its tokens come again first, and what follows is what would have followed without a break
 * @param guide what holds the answer to a form
 */
export async function* generate(
  { session, tokenizer }: LoadedModel,
  ids: readonly number[],
  { sampling, adjustments, beams, topLogprobs, maxTokens, stop = [], signal, thinkingBudget }: GenerateOptions,
  begun: readonly number[] = [],
  thought?: ThoughtForm,
  guide?: Guide,
): AsyncGenerator<GeneratedToken, Generation, void> {
  const started = performance.now();
  // what follows nothing but BOS begins the text: its dummy prefix is no space
  const begins = ids.length === 0 || (ids.length === 1 && ids[0] === tokenizer.bosId);
  const decoder = tokenizer.stream({ continuation: !begins });
  const filter = new StopFilter(stop);
  const all = [...ids, ...begun];
  const cachedTokens = Math.min(ids.length, session.cachedPrefix(all));
  const ends = new Set(tokenizer.eosIds);
  const parts = thought && new ThoughtParts(thought.marks, thought.isOpen);
  const marks = new Set(thought && [thought.marks.open, thought.marks.close]);
  /** Tokens whose text is not certain yet. */
  let waiting: { readonly token: number; readonly inThought: boolean; readonly logprobs?: TokenLogprobs }[] = [];
  let ready = { reasoning: '', text: '' };
  let text = '';
  let reasoning = '';
  let completionTokens = 0;
  let reasoningTokens = 0;
  let told = 0;
  let first = 0;
  let latest = started;
  let thoughtEnd = 0;
  let finish: Generation['finish'] = 'length';

  const add = (certain: string, parted = parts?.push(certain) ?? { reasoning: '', text: certain }) => {
    ready = { reasoning: ready.reasoning + parted.reasoning, text: ready.text + parted.text };
  };

  const release = function* (): Generator<GeneratedToken, void, void> {
    for (const [i, { token, inThought, logprobs }] of waiting.entries()) {
      const again = told++ < begun.length;
      const isLast = i === waiting.length - 1;
      const thoughtText = isLast ? ready.reasoning : '';
      yield {
        token,
        text: isLast ? ready.text : '',
        ...((inThought || thoughtText !== '') && { reasoning: thoughtText }),
        ...(again && { again }),
        ...(logprobs && { logprobs }),
      };
    }
    text += ready.text;
    reasoning += ready.reasoning;
    waiting = [];
    ready = { reasoning: '', text: '' };
  };

  const take = function* (token: number, logprobs?: TokenLogprobs): Generator<GeneratedToken, void, void> {
    completionTokens++;
    const before = parts?.isThinking ?? false;
    const said = decoder.push(token);
    const spelling = parts && said === '' ? tokenizer.spelling(token) : undefined;
    add(filter.push(spelling !== undefined && marks.has(spelling) ? spelling : said));
    const inThought = before || (parts?.isThinking ?? false);
    if (inThought) reasoningTokens++;
    if (before && !parts?.isThinking) thoughtEnd = latest;
    waiting.push({ token, inThought, ...(logprobs && { logprobs }) });
    if (filter.stopped) finish = 'stop';
    else if (filter.pending === '' && (ready.text !== '' || ready.reasoning !== '')) yield* release();
  };

  /** The model ended its text within the thought; with a budget that closes it. */
  let hasGivenUp = false;
  const isThinking = () => thinkingBudget !== undefined && parts?.isThinking === true;
  /** The thought has had its tokens. */
  const isSpent = () => isThinking() && (hasGivenUp || reasoningTokens >= (thinkingBudget ?? 0));
  /** Tokens that the limit leaves; those of a thought with a budget do not count. */
  const room = () => {
    const counted = completionTokens - begun.length;
    return maxTokens - (thinkingBudget === undefined ? counted : counted - (reasoningTokens - begunReasoning));
  };
  /** A form holds the answer, and not the thought in front of it. */
  const isFree = () => guide !== undefined && parts?.isThinking === true;
  const draws = async function* (): AsyncGenerator<Sampled, void, void> {
    const written = [...all];
    for (let again = true; again; ) {
      if (isSpent()) {
        const closing = thought ? closingIds(tokenizer, thought) : [];
        if (written.length + closing.length >= session.context) return;
        for (const id of closing) {
          written.push(id);
          yield { id };
        }
      }
      again = false;
      const most = filter.stopped ? 0 : room() + Math.max(0, (thinkingBudget ?? 0) - reasoningTokens);
      const free = isFree();
      const step = written.length - ids.length;
      const options = { signal, step, adjustments, topLogprobs, guide: free ? undefined : guide };
      for await (const sampled of session.sample(written, sampling, most, options)) {
        if (isThinking() && ends.has(sampled.id)) {
          hasGivenUp = true;
          again = true;
          break;
        }
        written.push(sampled.id);
        yield sampled;
        again = isSpent() || (free && !isFree());
        if (again) break;
      }
    }
  };

  for (const token of begun) {
    if (filter.stopped) break;
    if (!isFree()) guide?.accept(token);
    yield* take(token);
  }
  const begunReasoning = reasoningTokens;
  const searched = async function* (options: BeamOptions): AsyncGenerator<Sampled, void, void> {
    const found = filter.stopped ? undefined : await session.searchBeams(all, maxTokens, ends, { ...options, signal });
    for (const id of found?.ids ?? []) yield { id };
  };

  for await (const sampled of beams ? searched(beams) : draws()) {
    const token = sampled.id;
    latest = performance.now();
    if (first === 0) first = latest;
    if (signal?.aborted) {
      finish = 'abort';
      break;
    }
    if (ends.has(token)) {
      finish = 'stop';
      break;
    }
    yield* take(token, tokenLogprobs(tokenizer, sampled));
    if (filter.stopped || room() <= 0) break;
  }
  if (finish === 'length' && guide?.isOver) finish = 'stop';
  if (signal?.aborted) finish = 'abort';
  if (!filter.stopped) add(filter.push(decoder.flush()) + filter.flush());
  if (parts) add('', parts.flush());
  if (parts?.isThinking) thoughtEnd = latest;
  yield* release();
  const written = completionTokens - begun.length;
  const [since, counted] = beams ? [started, written] : [first, written - 1];
  return {
    finish,
    text,
    ...(reasoning !== '' && { reasoning }),
    reasoningTokens,
    reasoningMs: first === 0 || thoughtEnd === 0 ? 0 : Math.max(0, thoughtEnd - first),
    promptTokens: ids.length,
    cachedTokens,
    completionTokens,
    firstTokenMs: first === 0 ? 0 : first - started,
    tokensPerSecond: latest > since && counted > 0 ? (counted * 1000) / (latest - since) : 0,
  };
}
