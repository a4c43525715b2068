// Tokenizers written as files, whatever they came from, encode as they did before.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TokenizerSpec } from '../../core/checkpoint';
import { openCheckpoint, openTokenizer } from '../../formats/checkpoint/open';
import { bytesSource } from '../../core/source';
import { readTiktoken } from '../../formats/tokenizer/tiktoken';
import { createTokenizer } from '../../tokenizer/index';
import type { TokenizerJson } from '../../tokenizer/tokenizer-json';
import type { FileContent } from './file';
import { tokenizerNote } from './gguf-note';
import { tokenizerMetadata } from './gguf-tokenizer';
import { huggingFaceTokenizer, metaTokenizer } from './tokenizer-files';
import { TALES } from '../../testing/fixtures';
import { sourcesOf } from '../../formats/testing/pieces';

interface Golden {
  readonly json: TokenizerJson;
  readonly cases: readonly (readonly [text: string, ids: readonly number[]])[];
}

const golden = JSON.parse(readFileSync('src/tokenizer/golden/tokenizers.json', 'utf8')) as Record<string, Golden>;

/** The tokenizer of the files that are written. */
const written = async (spec: TokenizerSpec) => openTokenizer(await sourcesOf(huggingFaceTokenizer(spec)));

/** The header that a converter would write. */
function headerOf({ model, added_tokens: added }: TokenizerJson, pre: string): TokenizerSpec {
  const tokens: string[] = [];
  const types: number[] = [];
  for (const [token, id] of Object.entries(model.vocab)) [tokens[id], types[id]] = [token, 1];
  for (const { id, content, special } of added) [tokens[id], types[id]] = [content, special ? 3 : 4];
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  const bosId = added[0]?.id ?? 0;
  return {
    definition: { kind: 'gguf', model: 'gpt2', pre, tokens, types, merges },
    bosId,
    eosIds: [added[1]?.id ?? 1],
    addBos: true,
    chatTemplate: '{{ messages[0].content }}',
    specialTokens: {},
  };
}

describe.each([
  ['llama3', 'llama-bpe'],
  ['qwen2', 'qwen2'],
  ['smollm', 'smollm'],
])('%s from a GGUF header', (name, pre) => {
  const { json, cases } = golden[name];
  const spec = headerOf(json, pre);

  test('tokenizer.json encodes as the original', async () => {
    const back = await written(spec);
    expect(back.definition.kind).toBe('huggingface');
    expect(back).toMatchObject({
      bosId: spec.bosId,
      eosIds: spec.eosIds,
      addBos: true,
      chatTemplate: spec.chatTemplate,
    });
    const tokenizer = createTokenizer(back);
    for (const [text, ids] of cases) expect(tokenizer.encode(text)).toEqual(ids);
    // a control: merges in another order make another tokenizer
    const merges = json.model.merges.toReversed();
    const other = createTokenizer(await written(headerOf({ ...json, model: { ...json.model, merges } }, pre)));
    expect(cases.some(([text, ids]) => String(other.encode(text)) !== String(ids))).toBe(true);
  });

  test('is not Meta’s', () => {
    expect(() => metaTokenizer(spec)).toThrow(/Meta's layout/);
  });
});

test('Llama 3’s list of ranks comes back byte for byte', { timeout: 30_000 }, async () => {
  // 128,000 made-up tokens: the bytes, then numbers
  const tokens = Array.from({ length: 128000 }, (_, i) =>
    i < 256 ? Uint8Array.of(i) : new TextEncoder().encode(`${i}`),
  );
  const text = tokens.map((bytes, rank) => `${btoa(String.fromCharCode(...bytes))} ${rank}\n`).join('');
  const definition = readTiktoken(new TextEncoder().encode(text), 'tokenizer.model');
  const spec = { definition, bosId: 128000, eosIds: [128001, 128009], addBos: true, specialTokens: {} };
  const [file] = await sourcesOf([metaTokenizer(spec)]);
  expect(new TextDecoder().decode(await file!.read(0, file!.size))).toBe(text);
});

const bundled = 'public/demo-model/pronk-6m-q8_0.gguf';

test('what llama.cpp does not heed is said', () => {
  const model = Uint8Array.from(readFileSync('src/tokenizer/golden/custom.model'));
  const kept = Uint8Array.from(readFileSync('src/tokenizer/golden/llama.model'));
  const note = (bytes: Uint8Array) =>
    tokenizerNote({ definition: { kind: 'sentencepiece', model: bytes }, eosIds: [], addBos: true, specialTokens: {} });
  expect(note(model)).toContain('joins runs of spaces');
  expect(note(kept)).toBeUndefined();
  // byte-level BPE with tokens that were added
  const json = (flags: object) =>
    JSON.stringify({
      added_tokens: [{ id: 4, content: '<|user|>', special: true, lstrip: false, rstrip: false, ...flags }],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      model: { type: 'BPE', vocab: { a: 0, b: 1, Ġ: 2, Ċ: 3 }, merges: [] },
    });
  const noteOf = (flags: object) =>
    tokenizerNote({
      definition: { kind: 'huggingface', json: json(flags) },
      eosIds: [4],
      addBos: false,
      specialTokens: { eos_token: '<|user|>' },
    });
  expect(noteOf({})).toBeUndefined();
  expect(noteOf({ rstrip: true })).toContain('"a <|user|> b"');
  expect(noteOf({ single_word: true })).toContain('<|user|>');
});

describe('SentencePiece', () => {
  const TEXTS = ['Once upon a time', 'Lily  saw a "red" ball: ☂\n', ' x', '', '</s> <s>'];
  const same = async (spec: TokenizerSpec, files: readonly FileContent[]) => {
    const [before, after] = [createTokenizer(spec), createTokenizer(await openTokenizer(await sourcesOf(files)))];
    for (const text of TEXTS) expect(after.encode(text)).toEqual(before.encode(text));
    expect(after).toMatchObject({ bosId: before.bosId, eosIds: before.eosIds, addBos: before.addBos });
  };

  test('of a GGUF header becomes a tokenizer.model', async () => {
    const { tokenizer } = await openCheckpoint([bytesSource(readFileSync(bundled), 'demo.gguf')]);
    expect(tokenizer.definition.kind).toBe('gguf');
    await same(tokenizer, huggingFaceTokenizer(tokenizer));
    await same(tokenizer, [metaTokenizer(tokenizer)]);
  });

  test('is kept as it is, and tokens that came later beside it', async () => {
    const model = readFileSync(`${TALES}/tokenizer.model`);
    const spec = await openTokenizer([bytesSource(model, 'tokenizer.model')]);
    const [file] = await sourcesOf([metaTokenizer(spec)]);
    expect(Buffer.compare(model, await file!.read(0, file!.size))).toBe(0);
    // models that were stored before have ids by text
    const added = { '[PAD]': 512, '<turn>': 513 };
    const definition = { kind: 'sentencepiece', model: new Uint8Array(model), added } as const;
    const more: TokenizerSpec = { ...spec, definition };
    const back = await written(more);
    const listed = { special: true, lstrip: false, rstrip: false, singleWord: false, normalized: false };
    const tokens = Object.entries(added).map(([content, id]) => ({ id, content, ...listed }));
    expect(back.definition).toMatchObject({ added: tokens, legacy: true });
    // Meta's program has one file
    const whole = createTokenizer(await openTokenizer(await sourcesOf([metaTokenizer(more)])));
    expect(whole.vocabSize).toBe(514);
    expect(whole.encodePieces([{ text: 'a<turn>b', trusted: true }])).toContain(513);
    for (const text of TEXTS) expect(whole.encode(text)).toEqual(createTokenizer(spec).encode(text));
  });

  test('an added token keeps its kind, and a text its prefixes', async () => {
    const spec = await openTokenizer([bytesSource(readFileSync(`${TALES}/tokenizer.model`), 'tokenizer.model')]);
    const kinds = [
      { special: false, lstrip: true, rstrip: false, singleWord: false, normalized: false },
      { special: true, lstrip: false, rstrip: true, singleWord: false, normalized: false },
    ];
    const added = kinds.map((kind, i) => ({ id: 512 + i, content: ['[DRUG]', '<|turn|>'][i], ...kind }));
    for (const legacy of [true, false]) {
      const definition = {
        kind: 'sentencepiece',
        model: new Uint8Array(readFileSync(`${TALES}/tokenizer.model`)),
        added,
        legacy,
      } as const;
      const before = { ...spec, definition };
      const back = await written(before);
      expect(back.definition).toMatchObject({ added, legacy });
      const text = 'take [DRUG] now<|turn|>\nBye';
      const [one, other] = [createTokenizer(before), createTokenizer(back)];
      expect(other.encodePieces([{ text, trusted: true }])).toEqual(one.encodePieces([{ text, trusted: true }]));
      expect(other.decode(other.encode('take [DRUG]'))).toContain('[DRUG]');
      const metadata = tokenizerMetadata(before, 514);
      expect(metadata.get('tokenizer.ggml.token_type')?.value).toMatchObject({ 512: 4, 513: 3 });
    }
  });
});
