// One generation: ids in, pieces of text out, until end of text, a stop string, the limit, or the person's Stop.
import type { Session } from '../../model/inference/session';
import type { Sampling } from '../../ops/sample/sample';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import { StopFilter } from './stop';

/** A model on the GPU with its tokenizer. */
export interface LoadedModel {
  readonly session: Session;
  readonly tokenizer: Tokenizer;
}

export interface GenerateOptions {
  readonly sampling: Sampling;
  readonly maxTokens: number;
  readonly stop?: readonly string[];
  readonly signal?: AbortSignal;
}

/** The beginning of an answer that is to be continued: its ids, or its text where those are not known. */
export type Begun = readonly number[] | string;

/** A token, and the text that became certain with it (possibly none). */
export interface GeneratedToken {
  readonly token: number;
  readonly text: string;
  /** The token belongs to the beginning that the answer had already. */
  readonly again?: true;
}

/** How a generation ended, and what it took. */
export interface Generation {
  /** `stop`: end of text or a stop string; `length`: the limit or a full context; `abort`: the signal. */
  readonly finish: 'stop' | 'length' | 'abort';
  readonly text: string;
  readonly promptTokens: number;
  /** Prompt tokens that were in the cache already. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly firstTokenMs: number;
  /** After the first token; 0 where there was only one. */
  readonly tokensPerSecond: number;
}

/**
 * Generates from prompt ids; the pieces joined equal the result's text.
 * @param begun the answer so far: its tokens come again first, and what follows is what would have followed without a break
 */
export async function* generate(
  { session, tokenizer }: LoadedModel,
  ids: readonly number[],
  { sampling, maxTokens, stop = [], signal }: GenerateOptions,
  begun: readonly number[] = [],
): AsyncGenerator<GeneratedToken, Generation, void> {
  const started = performance.now();
  // what follows nothing but BOS begins the text: its dummy prefix is no space
  const begins = ids.length === 0 || (ids.length === 1 && ids[0] === tokenizer.bosId);
  const decoder = tokenizer.stream({ continuation: !begins });
  const filter = new StopFilter(stop);
  const all = [...ids, ...begun];
  const cachedTokens = Math.min(ids.length, session.cachedPrefix(all));
  const ends = new Set(tokenizer.eosIds);
  let waiting: number[] = []; // tokens whose text is not certain yet
  let ready = '';
  let text = '';
  let completionTokens = 0;
  let told = 0;
  let first = 0;
  let latest = started;
  let finish: Generation['finish'] = 'length';

  const release = function* (): Generator<GeneratedToken, void, void> {
    for (const [i, token] of waiting.entries()) {
      const again = told++ < begun.length;
      yield { token, text: i === waiting.length - 1 ? ready : '', ...(again && { again }) };
    }
    text += ready;
    waiting = [];
    ready = '';
  };

  const take = function* (token: number): Generator<GeneratedToken, void, void> {
    completionTokens++;
    waiting.push(token);
    ready += filter.push(decoder.push(token));
    if (filter.stopped) finish = 'stop';
    else if (filter.pending === '' && ready !== '') yield* release();
  };

  for (const token of begun) if (!filter.stopped) yield* take(token);
  const more = filter.stopped ? 0 : maxTokens;
  for await (const token of session.generate(all, sampling, more, signal, begun.length)) {
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
    yield* take(token);
    if (filter.stopped) break;
  }
  if (signal?.aborted) finish = 'abort';
  if (!filter.stopped) ready += filter.push(decoder.flush()) + filter.flush();
  yield* release();
  const seconds = (latest - first) / 1000;
  const written = completionTokens - begun.length;
  return {
    finish,
    text,
    promptTokens: ids.length,
    cachedTokens,
    completionTokens,
    firstTokenMs: first === 0 ? 0 : first - started,
    tokensPerSecond: seconds > 0 && written > 1 ? (written - 1) / seconds : 0,
  };
}
