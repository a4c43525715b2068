// Added and special tokens, and the text around them, against the programs that say so (tools/golden/added_tokens.py).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TokenizerDefinition, AddedToken } from '../core/checkpoint';
import { createTokenizer } from './index';
import type { TokenizerJson } from './tokenizer-json';

interface Golden {
  readonly name: string;
  /** Letters: l and r for white space taken, s for single words, n for normalized, ! for special. */
  readonly added: readonly (readonly [id: number, content: string, letters: string])[];
  /** Ids of the first texts; the others have hashes. */
  readonly ids: readonly (readonly number[])[];
  readonly hashes: readonly number[];
}

interface Record {
  readonly texts: readonly string[];
  readonly json: readonly (Golden & { readonly base: string; readonly parts: Partial<TokenizerJson> })[];
  readonly model: readonly (Golden & { readonly file: string; readonly legacy: boolean | null })[];
}

const file = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url));
const golden = JSON.parse(file('added-tokens.json').toString('utf8')) as Record;
const bases = JSON.parse(file('tokenizers.json').toString('utf8')) as { [name: string]: { json: TokenizerJson } };
const { texts } = golden;

function tokenizerOf(definition: TokenizerDefinition) {
  return createTokenizer({ definition, eosIds: [], addBos: false, specialTokens: {} });
}

function tokensOf({ added }: Golden): AddedToken[] {
  return added.map(([id, content, letters]) => ({
    id,
    content,
    special: letters.includes('!'),
    lstrip: letters.includes('l'),
    rstrip: letters.includes('r'),
    singleWord: letters.includes('s'),
    normalized: letters.includes('n'),
  }));
}

function fromJson(each: (typeof golden.json)[number], tokens = tokensOf(each)) {
  const added_tokens = tokens.map(({ singleWord, ...token }) => ({ ...token, single_word: singleWord }));
  const json = { ...bases[each.base].json, ...each.parts, added_tokens };
  return tokenizerOf({ kind: 'huggingface', json: JSON.stringify(json) });
}

function fromModel(each: (typeof golden.model)[number], tokens = tokensOf(each)) {
  const { file: name, legacy } = each;
  return tokenizerOf({
    kind: 'sentencepiece',
    model: Uint8Array.from(file(name)),
    added: tokens,
    ...(legacy !== null && { legacy }),
  });
}

/** FNV-1a of the ids' decimals. */
function hashOf(ids: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const letter of ids.join(',')) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}

/** Texts whose ids are not the golden ones. */
function wrong({ ids, hashes }: Golden, { encodePieces }: Pick<ReturnType<typeof fromJson>, 'encodePieces'>) {
  const encode = (text: string) => encodePieces([{ text, trusted: true }]);
  const known = ids.flatMap((expected, i) => (String(encode(texts[i])) === String(expected) ? [] : [texts[i]]));
  const hashed = hashes.flatMap((expected, i) => {
    const text = texts[ids.length + i];
    return hashOf(encode(text)) === expected ? [] : [text];
  });
  return [...known, ...hashed];
}

/** Texts of people hold no special token, whatever they spell; other added tokens are theirs to write. */
function expectHarmless({ encode, decode, encodePieces }: ReturnType<typeof fromJson>, tokens: readonly AddedToken[]) {
  // unknown characters have an id that is special
  const special = new Set(tokens.filter(({ special, content }) => special && content !== '<unk>').map(({ id }) => id));
  const plain = tokens.find((token) => token.content === '<a')!;
  for (const text of texts) {
    const ids = encode(text);
    expect(ids.filter((id) => special.has(id))).toEqual([]);
    expect(encodePieces([{ text, trusted: false }])).toEqual(ids);
  }
  expect(encode(`x ${plain.content}y`)).toContain(plain.id);
  expect(decode([plain.id])).toContain(plain.content);
}

const tellTale = ['lstrip', 'rstrip', 'singleWord', 'normalized'] as const;

describe.each(golden.json)('tokenizer.json, $name', (each) => {
  test('ids of every text', () => expect(wrong(each, fromJson(each))).toEqual([]));
  test('what people write stays text', () => expectHarmless(fromJson(each), tokensOf(each)));

  test.each(tellTale)('the golden ids tell tokens without %s', (flag) => {
    const without = tokensOf(each).map((token) => ({ ...token, [flag]: false }));
    // without a normalizer both ways are one
    if (flag === 'normalized' && !each.parts.normalizer) return;
    expect(wrong(each, fromJson(each, without)).length).toBeGreaterThan(2);
  });
});

describe.each(golden.model)('tokenizer.model, $name', (each) => {
  test('ids of every text', () => expect(wrong(each, fromModel(each))).toEqual([]));
  test('what people write stays text', () => expectHarmless(fromModel(each), tokensOf(each)));

  test('the golden ids tell the other mode', () => {
    const { legacy } = each;
    expect(wrong(each, fromModel({ ...each, legacy: legacy === false })).length).toBeGreaterThan(20);
  });
});
