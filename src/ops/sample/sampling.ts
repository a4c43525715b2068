// The settings of sampling in a request, apart from the kernels, so that who asks need not have them.

/** Sampling controls; names and meanings as in Hugging Face transformers. */
export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number;
  /** 0 is off. */
  readonly topK: number;
  /** 1 is off. */
  readonly topP: number;
  /** 0 is off. */
  readonly minP: number;
  /** 1 is off. */
  readonly repetitionPenalty: number;
  readonly seed: number;
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 };

/** What a request adds to logits. */
export interface Adjustments {
  /** Taken off the logits of ids that were generated, as OpenAI defines it; 0 is off. */
  readonly presencePenalty?: number | undefined;
  /** Taken off for each time that an id was generated, as OpenAI defines it; 0 is off. */
  readonly frequencyPenalty?: number | undefined;
  /** Added to the logits of these ids. */
  readonly logitBias?: Readonly<Record<number, number>> | undefined;
}

/** Whether anything is added. */
export function adjusts({ presencePenalty = 0, frequencyPenalty = 0, logitBias = {} }: Adjustments): boolean {
  return presencePenalty !== 0 || frequencyPenalty !== 0 || Object.keys(logitBias).length > 0;
}

/** Likeliest ids that a record has room for: OpenAI's limit of `top_logprobs`. */
export const MOST_LOGPROBS = 20;
