// Tokenizers in Hugging Face's tokenizer.json: byte-level BPE (Llama 3, SmolLM2, Qwen 2) and conversions of
// SentencePiece. @huggingface/tokenizers normalizes, splits and merges; special tokens never reach it, so that text
// which is spelled like one stays text, and a word that came before costs no second merging.

import { Tokenizer } from '@huggingface/tokenizers';
import { PronkError } from '../formats/errors';
import { bytesOfByteLevel } from '../formats/byte-level';
import type { Codec } from './codec';
import { anyOf } from './spellings';
import { GPT2_SPLIT, type Step, type TokenizerJson, hasStep, mapSteps, splitBy } from './tokenizer-json';
import { WordCache } from './word-cache';

const NOTHING = new Uint8Array(0);

/**
 * @param ends ids that begin or end a text: special, whatever the file says
 * @throws PronkError `unsupported-tokenizer`
 */
export function createHuggingFace(json: TokenizerJson, ends: ReadonlySet<number>): Codec {
  const specials = new Map<string, number>();
  const verbatimIds = new Map<string, number>();
  for (const { content, id, special } of json.added_tokens) {
    (special || ends.has(id) ? specials : verbatimIds).set(content, id);
  }
  const verbatim = anyOf(verbatimIds.keys());
  const model = modelOf(json, specials);
  const split = { true: splitterOf(json, true), false: splitterOf(json, false) };
  const byteLevel = hasStep(json.decoder, 'ByteLevel') || hasStep(json.pre_tokenizer, 'ByteLevel');

  const cache = new WordCache((word) => {
    const ids = model.encode([word]).map((token) => model.tokens_to_ids.get(token) ?? model.unk_token_id);
    return ids.filter((id) => id !== undefined);
  });
  // A converted SentencePiece vocabulary comes without a split; see sentencepiece.ts.
  const wordwise =
    !byteLevel && !Object.keys(json.model.vocab).some((token) => !specials.has(token) && /[^▁]▁/.test(token));
  const encodePlain = (text: string, beginning: boolean) => {
    if (text === '') return [];
    const words = split[`${beginning}`](text);
    return cache.encodeAll(wordwise ? words.flatMap((word) => word.match(/▁+[^▁]*|[^▁]+/g) ?? []) : words);
  };
  const tokens = new Map(Object.entries(json.model.vocab).map(([token, id]) => [id, token]));
  const verbatimTexts = new Map(Array.from(verbatimIds, ([text, id]) => [id, text]));
  for (const id of specials.values()) tokens.delete(id);
  let vocabularySize = 0;
  for (const ids of [tokens.keys(), specials.values(), verbatimIds.values()]) {
    for (const id of ids) vocabularySize = Math.max(vocabularySize, id + 1);
  }
  const utf8 = new TextEncoder();
  const prefixes = hasPrefix(json);
  return {
    vocabularySize,
    special: specials,
    leadingSpace: prefixes ? 'remove' : 'keep',
    encode(text, beginning) {
      const wellFormed = text.toWellFormed();
      const ids: number[] = [];
      let from = 0;
      for (const { index, 0: token } of verbatim ? wellFormed.matchAll(verbatim) : []) {
        for (const id of encodePlain(wellFormed.slice(from, index), beginning && from === 0)) ids.push(id);
        ids.push(verbatimIds.get(token)!);
        from = index + token.length;
      }
      for (const id of encodePlain(wellFormed.slice(from), beginning && from === 0)) ids.push(id);
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

/** The library's normalizer and pre-tokenizer: text to words. */
function splitterOf(json: TokenizerJson, beginning: boolean): (text: string) => string[] {
  const normalizer = mapSteps(json.normalizer, (step) => (beginning || step.type !== 'Prepend' ? [step] : []));
  const preTokenizer = mapSteps(json.pre_tokenizer, (step) => preTokenizerStep(step, beginning));
  const made = build({ normalizer, pre_tokenizer: preTokenizer, model: { type: 'BPE', vocab: {}, merges: [] } });
  return (text) => {
    const normal = made.normalizer?.normalize(text) ?? text;
    return made.pre_tokenizer?.pre_tokenize(normal, { section_index: beginning ? 0 : 1 }) ?? [normal];
  };
}

/** A pre-tokenizer's step as the library gets it right. */
function preTokenizerStep(step: Step, beginning: boolean): Step[] {
  switch (step.type) {
    case 'Metaspace': {
      // older files say add_prefix_space, which the library does not read
      const scheme = step['prepend_scheme'] ?? (step['add_prefix_space'] === false ? 'never' : 'always');
      return [{ ...step, prepend_scheme: beginning ? scheme : 'never' }];
    }
    case 'Digits':
      // its own digits are ASCII's; the original's are Unicode's
      return [splitBy(step['individual_digits'] ? String.raw`\p{N}` : String.raw`\p{N}+`)];
    case 'ByteLevel': {
      const addPrefix = step['add_prefix_space'] === true && beginning;
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
    if (step.type === 'Metaspace') prefix ||= preTokenizerStep(step, true)[0]['prepend_scheme'] !== 'never';
    return [step];
  });
  return prefix;
}

function build(parts: { normalizer?: Step | null; pre_tokenizer?: Step | null; model: object }): Tokenizer {
  try {
    const nothing = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
    return new Tokenizer({ ...nothing, ...parts }, {});
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PronkError('unsupported-tokenizer', `Pronk cannot read this tokenizer.json: ${reason}.`, {
      cause: error,
    });
  }
}
