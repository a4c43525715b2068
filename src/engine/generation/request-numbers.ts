// Numbers of a request that comes from another program, in the ranges that OpenAI and transformers give them.
import { PronkError } from '../../core/errors';
import type { GenerateOptions } from './generate';
import type { EngineRequest } from './request';
import type { BeamOptions } from '../../model/inference/beam-search';
import { adjusts, MOST_LOGPROBS } from '../../ops/sample/sampling';

const refuse = (name: string, takes: string, value: unknown) =>
  new PronkError('bad-request', `${name} takes ${takes}, not ${JSON.stringify(value)}.`);

/** @throws PronkError `bad-request` */
export function checkedPenalty(value: number | null | undefined, name: string): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'number' && value >= -2 && value <= 2) return value;
  throw refuse(name, 'a number from −2 to 2', value);
}

/** The number of likeliest tokens to report, checked. @throws PronkError `bad-request` */
export function checkedLogprobs(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= MOST_LOGPROBS) return value;
  throw refuse('top_logprobs', `a whole number from 0 to ${MOST_LOGPROBS}`, value);
}

/** Biases by id. @throws PronkError `bad-request` */
export function checkedBias(biases: Readonly<Record<string, number>> | null | undefined): Record<number, number> {
  const found: Record<number, number> = {};
  for (const [id, value] of Object.entries(biases ?? {})) {
    if (!/^\d+$/.test(id)) throw refuse('logit_bias', 'ids of tokens as names', id);
    if (!(typeof value === 'number' && value >= -100 && value <= 100)) {
      throw refuse('logit_bias', 'numbers from −100 to 100', value);
    }
    found[Number(id)] = value;
  }
  return found;
}

/** Beams at most. */
const MOST_BEAMS = 4;

/** Beams that are searched, undefined where one text is drawn. @throws PronkError `bad-request` */
export function checkedBeams(
  request: GenerateOptions & Pick<EngineRequest, 'responseFormat' | 'dry'>,
): BeamOptions | undefined {
  const { beams: options, sampling, adjustments = {}, topLogprobs, responseFormat, dry } = request;
  if (options === undefined) return undefined;
  const { beams } = options;
  if (!Number.isInteger(beams) || beams < 0 || beams > MOST_BEAMS) {
    throw refuse('beams', `a whole number from 0 to ${MOST_BEAMS}`, beams);
  }
  if (beams < 2) return undefined;
  const isDrawn =
    sampling.temperature > 0 || sampling.repetitionPenalty !== 1 || adjusts(adjustments) || (dry?.multiplier ?? 0) > 0;
  if (!isDrawn && topLogprobs === undefined && (responseFormat ?? { type: 'text' }).type === 'text') return options;
  const message =
    'A beam search takes the model’s own probabilities: set the temperature to 0, and leave out penalties, biases, logprobs and forms.';
  throw new PronkError('bad-request', message);
}
