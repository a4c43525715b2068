// Settings of sampling in a request, apart from the kernels, so that modules that need only these load no kernels.

/** Sampling controls; names and meanings as in Hugging Face transformers. */
export interface Sampling {
  /** The temperature; 0 is greedy. */
  readonly temperature: number;
  /** Most ids to draw from; 0 is off. */
  readonly topK: number;
  /** Probability that the ids to draw from have at least; 1 is off. */
  readonly topP: number;
  /** Least probability of an id, as a share of the likeliest one's; 0 is off. */
  readonly minP: number;
  /** Factor by which logits of earlier ids are lowered; 1 is off. */
  readonly repetitionPenalty: number;
  readonly seed: number;
}

export const GREEDY: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0 };

/** A request's additions to logits. */
export interface Adjustments {
  /** Subtracted from the logits of ids that were generated, as OpenAI defines it; 0 is off. */
  readonly presencePenalty?: number | undefined;
  /** Subtracted from an id's logit for each time that it was generated, as OpenAI defines it; 0 is off. */
  readonly frequencyPenalty?: number | undefined;
  /** Added to the logits of these ids. */
  readonly logitBias?: Readonly<Record<number, number>> | undefined;
}

/** Whether adjustments change any logit. */
export function adjusts({ presencePenalty = 0, frequencyPenalty = 0, logitBias = {} }: Adjustments): boolean {
  return presencePenalty !== 0 || frequencyPenalty !== 0 || Object.keys(logitBias).length > 0;
}

/** Likeliest ids that a record has room for: OpenAI's limit of `top_logprobs`. */
export const MOST_LOGPROBS = 20;
