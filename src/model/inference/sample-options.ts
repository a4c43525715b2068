// Options of a generation beyond its sampling controls.
import { PronkError } from '../../core/errors';
import type { ModelConfig } from '../../core/model-config';
import type { Adjustments } from '../../ops/sample/sampling';
import type { NextIds } from './sampler';

/** Decides, an id at a time, which may come next. */
export interface Guide {
  /** Constraints on the next id; undefined where nothing may follow. */
  next(): Promise<NextIds | undefined>;
  /** Takes note of an id that was drawn. */
  accept(id: number): void;
  /** Nothing may follow any more. */
  readonly isOver: boolean;
  /** Frees what it holds. */
  end(): void;
}

export interface SampleOptions {
  readonly signal?: AbortSignal | undefined;
  /** Number of ids at the end that were sampled before: the random numbers go on after theirs. */
  readonly step?: number | undefined;
  readonly adjustments?: Adjustments | undefined;
  /** Asked before each draw, so that one token at a time is enqueued. */
  readonly guide?: Guide | undefined;
  /** Likeliest ids to tell of beside each drawn one, 0 to 20; no logarithms without it. */
  readonly topLogprobs?: number | undefined;
}

/**
 * Whether ids can be gone on from, and others be biased.
 * @throws PronkError `empty-prompt`, `context-full`, `bad-token`
 */
export function checkIds(
  { vocabSize, contextLength }: ModelConfig,
  context: number,
  ids: readonly number[],
  biased: readonly number[],
): void {
  if (ids.length === 0) throw new PronkError('empty-prompt', 'There is nothing to continue: the prompt has no tokens.');
  if (ids.length >= context) {
    throw new PronkError(
      'context-full',
      `The prompt has ${ids.length} tokens and the context holds ${context}. ${
        context < contextLength
          ? 'Shorten it, or load the model with a longer context.'
          : 'Shorten it: this model was not trained for a longer one.'
      }`,
    );
  }
  const bad = [...ids, ...biased].find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabSize));
  if (bad !== undefined)
    throw new PronkError('bad-token', `${bad} is not a token of this model: its ids are 0 to ${vocabSize - 1}.`);
}
