// GGUF vocabularies against llama.cpp (tools/golden/llama_cpp.py).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TokenizerDefinition } from '../core/checkpoint';
import { endsOf } from '../formats/gguf/end-tokens';
import { openCheckpoint } from '../formats/checkpoint/open';
import { bytesSource } from '../core/source';
import { createTokenizer } from './index';
import { piecesFromModel } from './pieces';

interface Golden {
  readonly spm: {
    readonly added: readonly (readonly [text: string, type: number])[];
    readonly texts: readonly string[];
    readonly modes: readonly {
      readonly prefix: 'absent' | 'true' | 'false';
      readonly special: boolean;
      readonly hashes: readonly number[];
    }[];
  };
  readonly pre: {
    readonly tokens: readonly string[];
    readonly types: readonly number[];
    readonly merges: readonly string[];
    readonly texts: readonly string[];
    readonly splits: readonly { readonly names: readonly string[]; readonly hashes: readonly number[] }[];
  };
  readonly ends: readonly { readonly tokens: readonly string[]; readonly ends: readonly string[] }[];
  readonly bundled: readonly (readonly [text: string, ids: readonly number[]])[];
}

const file = (name: string) => readFileSync(new URL(`golden/${name}`, import.meta.url));
const golden = JSON.parse(file('llama-cpp.json').toString('utf8')) as Golden;

function tokenizerOf(definition: TokenizerDefinition) {
  return createTokenizer({ definition, eosIds: [], addBos: false, specialTokens: {} });
}

/** FNV-1a of the ids' decimals. */
function hashOf(ids: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const letter of ids.join(',')) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}

describe('SentencePiece', () => {
  const { added, texts, modes } = golden.spm;
  const pieces = [
    ...piecesFromModel(Uint8Array.from(file('llama.model'))).pieces,
    ...added.map(([text, type]) => ({ text, type, score: 0 })),
  ];
  const vocabulary = {
    kind: 'gguf',
    model: 'llama',
    tokens: pieces.map(({ text }) => text),
    types: pieces.map(({ type }) => type),
    scores: pieces.map(({ score }) => score),
  } as const;
  const wrong = (addSpacePrefix: boolean | undefined, trusted: boolean, hashes: readonly number[]) => {
    const tokenizer = tokenizerOf({ ...vocabulary, ...(addSpacePrefix !== undefined && { addSpacePrefix }) });
    return texts.filter((text, i) => hashOf(tokenizer.encodePieces([{ text, trusted }])) !== hashes[i]);
  };

  test.each(modes)('add_space_prefix $prefix, special tokens $special', ({ prefix, special, hashes }) => {
    const value = prefix === 'absent' ? undefined : prefix === 'true';
    expect(wrong(value, special, hashes)).toEqual([]);
    expect(wrong(prefix === 'false', special, hashes).length).toBeGreaterThan(20);
  });
});

describe('the splits that tokenizer.ggml.pre names', () => {
  const { texts, splits, ...vocabulary } = golden.pre;
  const wrong = (pre: string, hashes: readonly number[]) => {
    const { encodePieces } = tokenizerOf({ kind: 'gguf', model: 'gpt2', pre, ...vocabulary });
    return texts.filter((text, i) => hashOf(encodePieces([{ text, trusted: true }])) !== hashes[i]);
  };

  // llama.cpp's expressions stand for the models' own where its engine lacks classes: it tells case of ASCII letters only,
  // or not at all, and marks as no part of words; digits are ASCII's
  const unlike: Readonly<Record<string, RegExp>> = {
    tekken: /\P{ASCII}/u,
    'gpt-4o': /\P{ASCII}/u,
    'granite-embed-multi-97m': /\P{ASCII}/u,
    youtu: /\P{ASCII}|[A-Z]/u,
    tiny_aya: /\P{ASCII}|[A-Z]|\d{4}/u,
    superbpe: /[٣٤٥]/,
  };

  test.each(splits)('$names', ({ names, hashes }) => {
    const other = unlike[names[0]];
    for (const name of names) expect(wrong(name, hashes).filter((text) => !other?.test(text))).toEqual([]);
  });

  test('the golden ids tell every split from the others', () => {
    const plain = texts.flatMap((text, i) => (/\P{ASCII}|[A-Z]/u.test(text) ? [] : [i]));
    const seen = splits.map(({ hashes }) => String(plain.map((i) => hashes[i])));
    // those that differ in other letters only are told by the texts that have them
    expect(new Set(seen).size).toBeGreaterThan(15);
    expect(new Set(splits.map(({ hashes }) => String(hashes))).size).toBe(splits.length);
    expect(wrong('gpt-2', splits[0].hashes).length).toBeGreaterThan(20);
  });
});

test.each(golden.ends)('ends of answers by their spelling: $ends', ({ tokens, ends }) => {
  const found = endsOf(tokens, (key) => (key === 'eos' ? 0 : undefined));
  expect(found.map((id) => tokens[id]).toSorted()).toEqual(ends.toSorted());
});

test('the bundled model’s numbers', async () => {
  const path = new URL('../../public/demo-model/pronk-6m-q8_0.gguf', import.meta.url);
  const { tokenizer } = await openCheckpoint([bytesSource(readFileSync(path), 'demo.gguf')]);
  const { encode } = createTokenizer(tokenizer);
  for (const [text, ids] of golden.bundled) expect(encode(text)).toEqual(ids);
});
