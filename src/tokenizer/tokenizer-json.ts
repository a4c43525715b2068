// The parts of a Hugging Face tokenizer.json that Pronk looks into; the rest is @huggingface/tokenizers' business.

import { corruptFile } from '../core/errors';
import { isObject, parseObject } from '../core/json';

/** A normalizer, pre-tokenizer or decoder: a type, its options, and parts where it is a sequence. */
export interface Step {
  readonly type: string;
  readonly [option: string]: unknown;
}

export interface TokenizerJson {
  readonly normalizer: Step | null;
  readonly pre_tokenizer: Step | null;
  readonly decoder: Step | null;
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
    readonly unk_token?: string | null;
    readonly byte_fallback?: boolean;
    readonly ignore_merges?: boolean;
  };
  readonly added_tokens: readonly JsonToken[];
}

/** A token of `added_tokens`. */
interface JsonToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly lstrip?: boolean | undefined;
  readonly rstrip?: boolean | undefined;
  readonly single_word?: boolean | undefined;
  readonly normalized?: boolean | undefined;
}

/** Old files leave parts out. @throws PronkError `corrupt-file` where a part is not what it should be */
export function parseTokenizerJson(text: string): TokenizerJson {
  const json = parseObject(text, 'tokenizer.json');
  const { normalizer, pre_tokenizer, decoder, model, added_tokens = [] } = json;
  const wrong = (what: string) => corruptFile('tokenizer.json', what);
  for (const [name, step] of Object.entries({ normalizer, pre_tokenizer, decoder })) {
    if (step !== null && step !== undefined && !isStep(step)) throw wrong(`its ${name} has parts of no type`);
  }
  if (!isObject(model) || !isObject(model['vocab']) || !Object.values(model['vocab']).every(isId)) {
    throw wrong('its vocabulary is not one of tokens and ids');
  }
  const { merges = [] } = model;
  if (!Array.isArray(merges) || !merges.every(isMerge)) throw wrong('its merges are not pairs of tokens');
  if (!Array.isArray(added_tokens) || !added_tokens.every(isAddedToken)) {
    throw wrong('its added tokens are not texts with ids');
  }
  const nothing = { normalizer: null, pre_tokenizer: null, decoder: null };
  return { ...nothing, ...json, model: { ...model, merges }, added_tokens } as unknown as TokenizerJson;
}

const isId = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1 << 24;
const isMerge = (value: unknown) =>
  typeof value === 'string' ||
  (Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === 'string'));
const isAddedToken = (value: unknown) => isObject(value) && typeof value['content'] === 'string' && isId(value['id']);

/** A step, and its parts where it is a sequence, however deep a person would write them. */
function isStep(value: unknown, depth = 0): boolean {
  if (!isObject(value) || typeof value['type'] !== 'string' || depth > 8) return false;
  if (value['type'] !== 'Sequence') return true;
  const parts = value['normalizers'] ?? value['pretokenizers'] ?? value['decoders'] ?? [];
  return Array.isArray(parts) && parts.every((part) => isStep(part, depth + 1));
}

export function splitBy(regex: string): Step {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

/** Replaces a step, or every step of a sequence; `undefined` leaves one out. */
export function mapSteps(step: Step | null, change: (step: Step) => readonly Step[]): Step | null {
  if (!step) return null;
  const steps = partsOf(step).flatMap(change);
  const [first] = steps;
  if (steps.length <= 1) return first ?? null;
  return { type: 'Sequence', normalizers: steps, pretokenizers: steps };
}

export function hasStep(step: Step | null, type: string): boolean {
  return step !== null && partsOf(step).some((part) => part.type === type);
}

function partsOf(step: Step): Step[] {
  if (step.type !== 'Sequence') return [step];
  const parts = (step['normalizers'] ?? step['pretokenizers'] ?? step['decoders']) as Step[] | undefined;
  return (parts ?? []).flatMap(partsOf);
}
