// Tokenizers in Hugging Face's tokenizer.json: byte-level BPE (Llama 3, SmolLM2, Qwen 2) and conversions of
// SentencePiece. @huggingface/tokenizers normalizes, splits and merges; special tokens never reach it, so that text
// which is spelled like one stays text, and a word that came before costs no second merging.

import type { AddedToken } from '../core/checkpoint';
import { Tokenizer } from '@huggingface/tokenizers';
import { PronkError } from '../core/errors';
import { bytesOfByteLevel } from '../formats/tokenizer/byte-level';
import { GPT2_SPLIT } from '../formats/gguf/splits';
import { type Cutter, cutterOfTokenizers } from './added-vocabulary';
import type { Codec } from './codec';
import { type MarkedText, partOf } from './marked-text';
import { type Step, type TokenizerJson, hasStep, mapSteps, splitBy } from './tokenizer-json';
import { boundPatterns, checkGrowth, isPublished, patternsIn } from './patterns/guard';
import { WordCache } from './word-cache';

const NOTHING = new Uint8Array(0);

/** Where a run of text stands: first, behind an added token, or behind a text that was encoded before. */
type Place = 'first' | 'later' | 'continued';

const byPlace = <T>(make: (place: Place) => T) => ({
  first: make('first'),
  later: make('later'),
  continued: make('continued'),
});

/**
 * @param ends ids that begin or end a text: special, whatever the file says
 * @param cutterOf how a text is cut at added tokens
 * @throws PronkError `unsupported-tokenizer`
 */
export function createHuggingFace(
  json: TokenizerJson,
  ends: ReadonlySet<number>,
  cutterOf: (tokens: readonly AddedToken[]) => Cutter = cutterOfTokenizers,
): Codec {
  const specials = new Map<string, number>();
  const verbatimTexts = new Map<number, string>();
  const added = json.added_tokens.map(({ id, content, special = false, lstrip, rstrip, single_word, normalized }) => {
    return { id, content, special: special || ends.has(id), lstrip, rstrip, singleWord: single_word, normalized };
  });
  for (const { content, id, special } of added) {
    if (special) specials.set(content, id);
    else verbatimTexts.set(id, content);
  }
  const model = modelOf(json, specials);
  const normalize = byPlace((place) => normalizerOf(json, place));
  const split = byPlace((place) => splitterOf(json, place));
  // tokens are looked for in the text as it is, or in what the normalizer makes of it
  const cut = cutterOf(added.filter(({ normalized }) => !normalized));
  const inNormal = added.filter(({ normalized }) => normalized);
  const cutNormal = inNormal.length
    ? cutterOf(inNormal.map((token) => ({ ...token, content: normalize.first(token.content) })))
    : undefined;
  const byteLevel = hasStep(json.decoder, 'ByteLevel') || hasStep(json.pre_tokenizer, 'ByteLevel');

  const cache = new WordCache((word) => {
    const ids = model.encode([word]).map((token) => model.tokens_to_ids.get(token) ?? model.unk_token_id);
    return ids.filter((id) => id !== undefined);
  });
  // A converted SentencePiece vocabulary comes without a split; see sentencepiece.ts.
  const wordwise =
    !byteLevel && !Object.keys(json.model.vocab).some((token) => !specials.has(token) && /[^▁]▁/.test(token));
  const wordIds = (text: string, place: Place) => {
    if (text === '') return [];
    const words = split[place](text);
    return cache.encodeAll(wordwise ? words.flatMap((word) => word.match(/▁+[^▁]*|[^▁]+/g) ?? []) : words);
  };
  /** Ids of the text between two tokens: normalized anew, and cut at the tokens that are looked for then. */
  const runIds = (run: MarkedText, place: Place) => {
    const { text } = run;
    const normal = normalize[place](text);
    if (!cutNormal) return wordIds(normal, place);
    const newPlace = (at: number) => (at === text.length ? normal.length : normalize[place](text.slice(0, at)).length);
    const parts = cutNormal(partOf(run, 0, text.length, { text: normal, place: newPlace }));
    return parts.flatMap((part, i) => (part.token ? [part.token.id] : wordIds(part.text.text, i ? 'later' : place)));
  };
  const tokens = new Map(Object.entries(json.model.vocab).map(([token, id]) => [id, token]));
  for (const id of specials.values()) tokens.delete(id);
  let vocabSize = 0;
  for (const ids of [tokens.keys(), specials.values(), verbatimTexts.keys()]) {
    for (const id of ids) vocabSize = Math.max(vocabSize, id + 1);
  }
  const utf8 = new TextEncoder();
  const prefixes = hasPrefix(json);
  return {
    vocabSize,
    special: specials,
    leadingSpace: prefixes ? 'remove' : 'keep',
    encode(marked, beginning) {
      const ids: number[] = [];
      for (const [i, { token, text }] of cut(marked).entries()) {
        const place = i ? 'later' : beginning ? 'first' : 'continued';
        if (token) ids.push(token.id);
        else for (const id of runIds(text, place)) ids.push(id);
      }
      return ids;
    },
    bytes(id) {
      const verbatimText = verbatimTexts.get(id);
      if (verbatimText !== undefined) return utf8.encode(verbatimText);
      const token = tokens.get(id);
      if (token === undefined) return NOTHING;
      if (byteLevel) return bytesOfByteLevel(token);
      const [, byte] = /^<0x([0-9A-F]{2})>$/.exec(token) ?? [];
      return byte ? Uint8Array.of(Number.parseInt(byte, 16)) : utf8.encode(token.replaceAll('▁', ' '));
    },
  };
}

/** The library's merging. Special tokens are taken from its vocabulary: `ignore_merges` would find them there. */
function modelOf({ model }: TokenizerJson, specials: ReadonlyMap<string, number>) {
  const vocab = Object.fromEntries(
    Object.entries(model.vocab).filter(([token]) => token === model.unk_token || !specials.has(token)),
  );
  const made = build({ model: { ...model, vocab } }).model;
  if (!made) throw new PronkError('unsupported-tokenizer', 'The tokenizer.json has no model.');
  return made;
}

const NOTHING_ELSE = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
const NO_MODEL = { type: 'BPE', vocab: {}, merges: [] };

/** The library's normalizer; a text that continues another gets nothing in front. */
function normalizerOf(json: TokenizerJson, place: Place): (text: string) => string {
  const normalizer = mapSteps(json.normalizer, (step) =>
    place === 'continued' && step.type === 'Prepend' ? [] : [step],
  );
  const made = build({ normalizer, model: NO_MODEL }).normalizer;
  return (text) => made?.normalize(text) ?? text;
}

/** The library's pre-tokenizer: text to words. */
function splitterOf(json: TokenizerJson, place: Place): (text: string) => string[] {
  const preTokenizer = mapSteps(json.pre_tokenizer, (step) => preTokenizerStep(step, place));
  const made = build({ pre_tokenizer: preTokenizer, model: NO_MODEL }).pre_tokenizer;
  return (text) => made?.pre_tokenize(text, { section_index: place === 'first' ? 0 : 1 }) ?? [text];
}

/** A pre-tokenizer's step as the library gets it right. */
function preTokenizerStep(step: Step, place: Place): Step[] {
  switch (step.type) {
    case 'Metaspace': {
      // older files say add_prefix_space, which the library does not read
      const scheme = step['prepend_scheme'] ?? (step['add_prefix_space'] === false ? 'never' : 'always');
      const whole = { ...step, prepend_scheme: place === 'continued' ? 'never' : scheme };
      // the library leaves words together
      return step['split'] === false ? [whole] : [whole, splitBy('▁[^▁]*|[^▁]+')];
    }
    case 'Digits':
      // its own digits are ASCII's; the original's are Unicode's
      return [splitBy(step['individual_digits'] ? String.raw`\p{N}` : String.raw`\p{N}+`)];
    case 'ByteLevel': {
      const addPrefix = step['add_prefix_space'] === true && place !== 'continued';
      const plain = { ...step, use_regex: false, add_prefix_space: false };
      if (step['use_regex'] === false) return [{ ...plain, add_prefix_space: addPrefix }];
      // its own \s is JavaScript's, which has U+FEFF and lacks U+0085; a Split's is Unicode's
      if (!addPrefix) return [splitBy(GPT2_SPLIT), plain];
      return [step];
    }
    default:
      return [step];
  }
}

/** Whether a text gets a space in front that decoding takes away. */
function hasPrefix({ normalizer, pre_tokenizer }: TokenizerJson): boolean {
  let prefix = hasStep(normalizer, 'Prepend');
  mapSteps(pre_tokenizer, (step) => {
    if (step.type === 'Metaspace') prefix ||= preTokenizerStep(step, 'first')[0]['prepend_scheme'] !== 'never';
    return [step];
  });
  return prefix;
}

/** A pattern's source as the library writes it anew for JavaScript. */
function sourcesOf(regex: string): string[] {
  const made = new Tokenizer({ ...NOTHING_ELSE, pre_tokenizer: splitBy(regex), model: NO_MODEL }, {});
  return Object.values(made.pre_tokenizer ?? {}).flatMap((each: unknown) =>
    each instanceof RegExp ? [each.source] : [],
  );
}

function build(parts: { normalizer?: Step | null; pre_tokenizer?: Step | null; model: object }): Tokenizer {
  try {
    checkGrowth([parts.normalizer, parts.pre_tokenizer]);
    const made = new Tokenizer({ ...NOTHING_ELSE, ...parts }, {});
    const trusted = new Set(patternsIn([parts.normalizer, parts.pre_tokenizer]).filter(isPublished).flatMap(sourcesOf));
    boundPatterns(made.normalizer, trusted);
    boundPatterns(made.pre_tokenizer, trusted);
    return made;
  } catch (error) {
    if (error instanceof PronkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PronkError('unsupported-tokenizer', `Pronk cannot read this tokenizer.json: ${reason}.`, {
      cause: error,
    });
  }
}
