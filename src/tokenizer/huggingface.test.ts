// tokenizer.json and byte-level GGUF vocabularies against Hugging Face's own library (tools/golden/tokenizer.py).
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { TokenizerSpec } from '../core/checkpoint';
import { createTokenizer } from './index';
import type { TokenizerJson } from './tokenizer-json';

interface Golden {
  readonly json: TokenizerJson;
  readonly cases: readonly (readonly [text: string, ids: readonly number[]])[];
}

const path = new URL('golden/tokenizers.json', import.meta.url);
const golden = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Golden>;
// sentencepiece.test.ts has this one
delete golden['custom'];

function specOf(definition: TokenizerSpec['definition']): TokenizerSpec {
  return { definition, eosIds: [], addBos: false, specialTokens: {} };
}

function fromJson(json: TokenizerJson) {
  return createTokenizer(specOf({ kind: 'huggingface', json: JSON.stringify(json) }));
}

/** The header that a converter would write. */
function ggufOf({ model, added_tokens: added }: TokenizerJson, pre: string) {
  const tokens: string[] = [];
  const types: number[] = [];
  for (const [token, id] of Object.entries(model.vocab)) [tokens[id], types[id]] = [token, 1];
  for (const { id, content, special } of added) [tokens[id], types[id]] = [content, special ? 3 : 4];
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  return specOf({ kind: 'gguf', model: 'gpt2', pre, tokens, types, merges });
}

describe.each(Object.entries(golden))('%s', (name, { json, cases }) => {
  const tokenizer = fromJson(json);

  test.each(cases)('golden ids of %j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  test('decode gives the text back, streamed as well', () => {
    for (const [text, ids] of cases) {
      // ▁ and a space are one to a SentencePiece vocabulary
      expect(tokenizer.decode(ids)).toBe(name === 'llama2' ? text.replaceAll('▁', ' ') : text);
      const stream = tokenizer.stream();
      expect(ids.map((id) => stream.push(id)).join('') + stream.flush()).toBe(tokenizer.decode(ids));
    }
  });

  test('special tokens are made by id only', () => {
    for (const { id, content, special } of json.added_tokens.filter((token) => token.special)) {
      expect(special).toBe(true);
      const text = `a${content} b`;
      expect(tokenizer.encode(text)).not.toContain(id);
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      expect(tokenizer.encodePieces([{ text, trusted: false }])).not.toContain(id);
      expect(tokenizer.encodePieces([{ text, trusted: true }])).toContain(id);
      expect(tokenizer.decode([id])).toBe('');
    }
  });

  test('text behind a special token begins anew', () => {
    const { content, id } = json.added_tokens.find((token) => token.special)!;
    const ids = tokenizer.encodePieces([
      { text: content, trusted: true },
      { text: 'the', trusted: false },
    ]);
    expect(ids).toEqual([id, ...tokenizer.encode('the')]);
    if (name === 'llama2') expect(tokenizer.encode('the', { continuation: true })).not.toEqual(ids.slice(1));
  });

  if (name === 'llama2') return;
  const pre = { llama3: 'llama-bpe', smollm: 'smollm', qwen2: 'qwen2' }[name] ?? '';
  test('a GGUF header with the same vocabulary gives the same ids', () => {
    const gguf = createTokenizer(ggufOf(json, pre));
    expect(gguf.vocabSize).toBe(tokenizer.vocabSize);
    for (const [text, ids] of cases) expect(gguf.encode(text)).toEqual(ids);
    const text = json.added_tokens.map(({ content }) => `${content}x`).join('');
    for (const trusted of [true, false]) {
      expect(gguf.encodePieces([{ text, trusted }])).toEqual(tokenizer.encodePieces([{ text, trusted }]));
    }
  });
});

test('the golden ids can fail: another split, another order of merges', () => {
  const { json, cases } = golden['llama3'];
  const differs = (tokenizer: ReturnType<typeof createTokenizer>) =>
    cases.some(([text, ids]) => tokenizer.encode(text).join() !== ids.join());
  expect(differs(createTokenizer(ggufOf(json, 'gpt-2')))).toBe(true);
  const model = { ...json.model, merges: json.model.merges.toReversed(), ignore_merges: false };
  expect(differs(fromJson({ ...json, model }))).toBe(true);
});

test('a GGUF header that calls special tokens normal or user-defined does not make them text', () => {
  const spec = ggufOf(golden['qwen2'].json, 'qwen2');
  const { definition } = spec;
  if (definition.kind !== 'gguf') throw new Error('not a GGUF definition');
  const [start, end] = ['<|im_start|>', '<|im_end|>'].map((token) => definition.tokens.indexOf(token));
  const types = Array.from(definition.types ?? [])
    .with(start, 4)
    .with(end, 1);
  const tokenizer = createTokenizer({ ...spec, definition: { ...definition, types }, eosIds: [end] });
  const text = '<|im_start|><|im_end|>';
  expect(tokenizer.encodePieces([{ text, trusted: true }])).toEqual([start, end]);
  expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  expect(tokenizer.decode([start, end])).toBe('');
});

test('Qwen2’s headers do not say that letters and accents are composed, which its tokenizer.json does', () => {
  // the golden vocabulary was made without; published ones have it
  const json: TokenizerJson = { ...golden['qwen2'].json, normalizer: { type: 'NFC' } };
  const gguf = createTokenizer(ggufOf(json, 'qwen2'));
  for (const text of ['cafe\u0301', 'A\u030a', 'e\u0301\u0302', 'plain']) {
    expect(gguf.encode(text)).toEqual(fromJson(json).encode(text));
    expect(gguf.encode(text)).toEqual(gguf.encode(text.normalize('NFC')));
  }
  // the distilled models split the same way, and compose nothing
  const distilled = createTokenizer(ggufOf(json, 'deepseek-r1-qwen'));
  expect(distilled.decode(distilled.encode('cafe\u0301'))).toBe('cafe\u0301');
});

test('an unknown split is refused', () => {
  expect(() => createTokenizer(ggufOf(golden['qwen2'].json, 'marsian'))).toThrow(/“marsian”/);
});

test('1 MB through a byte-level vocabulary does not take long', () => {
  const text = golden['llama3'].cases.map(([each]) => each).join('\n');
  const large = Array.from({ length: Math.ceil(1e6 / text.length) }, (_, i) => `${i} ${text}`).join('\n');
  const tokenizer = fromJson(golden['llama3'].json);
  const started = performance.now();
  const ids = tokenizer.encode(large);
  expect(performance.now() - started).toBeLessThan(15_000);
  expect(tokenizer.decode(ids)).toBe(large);
});
