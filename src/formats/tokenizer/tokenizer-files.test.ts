import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../../tokenizer/index';
import { sortFiles } from '../checkpoint/files';
import type { GgufFile, GgufValue } from '../gguf/gguf';
import { openTokenizer } from '../checkpoint/open';
import { type Source, bytesSource } from '../../core/source';
import { tokenizerFromFiles, tokenizerFromGguf } from './tokenizer-files';
import { TALES } from '../../testing/fixtures';

const textSource = (text: string, name: string) => bytesSource(new TextEncoder().encode(text), name);
const jsonSource = (json: object, name: string) => textSource(JSON.stringify(json), name);
const specOf = async (given: readonly Source[], vocabSize?: number) =>
  tokenizerFromFiles(await sortFiles(given), vocabSize);

describe('a fine-tune of 2023', () => {
  // point-alpaca's own files, beside a SentencePiece model of 512 pieces
  const files = [
    bytesSource(readFileSync(`${TALES}/tokenizer.model`), 'tokenizer.model'),
    jsonSource({ '[PAD]': 512 }, 'added_tokens.json'),
    jsonSource(
      { bos_token: '</s>', eos_token: '</s>', pad_token: '[PAD]', unk_token: '</s>' },
      'special_tokens_map.json',
    ),
    jsonSource(
      {
        bos_token: '',
        eos_token: '',
        model_max_length: 512,
        padding_side: 'right',
        special_tokens_map_file: 'weights/llama-7b/special_tokens_map.json',
        tokenizer_class: 'LLaMATokenizer',
        unk_token: '',
      },
      'tokenizer_config.json',
    ),
    jsonSource(
      { _from_model_config: true, bos_token_id: 0, eos_token_id: 1, pad_token_id: 0 },
      'generation_config.json',
    ),
    jsonSource(
      {
        _name_or_path: './weights/llama-7b',
        architectures: ['LLaMAForCausalLM'],
        bos_token_id: 0,
        eos_token_id: 1,
        hidden_act: 'silu',
        hidden_size: 4096,
        initializer_range: 0.02,
        intermediate_size: 11008,
        max_sequence_length: 2048,
        model_type: 'llama',
        num_attention_heads: 32,
        num_hidden_layers: 32,
        pad_token_id: -1,
        rms_norm_eps: 1e-6,
        tie_word_embeddings: false,
        torch_dtype: 'float32',
        transformers_version: '4.27.0.dev0',
        use_cache: true,
        vocab_size: 513,
      },
      'config.json',
    ),
  ];

  test('its wrong ids are overruled by the model’s own', async () => {
    const spec = await specOf(files, 513);
    expect(spec).toMatchObject({ bosId: 1, eosIds: [2], addBos: true });
    expect(spec.specialTokens).toMatchObject({ bos_token: '<s>', eos_token: '</s>', pad_token: '[PAD]' });
    expect(spec.definition).toMatchObject({ kind: 'sentencepiece', added: [{ id: 512, content: '[PAD]' }] });
    const tokenizer = createTokenizer(spec);
    expect(tokenizer.vocabSize).toBe(513);
    expect(tokenizer.encodePieces([{ text: '[PAD]', trusted: true }])).toEqual([512]);
    expect(tokenizer.encode('[PAD]')).not.toContain(512);
    expect(tokenizer.decode([512])).toBe('');
  });

  test('an added token without a row is left out; a vocabulary without rows is a mismatch', async () => {
    expect((await specOf(files, 512)).definition).not.toHaveProperty('added');
    await expect(specOf(files, 511)).rejects.toMatchObject({ code: 'tokenizer-mismatch' });
  });
});

describe('byte-level vocabularies', () => {
  const vocab = Object.fromEntries([...'abcdefgh', 'ab', 'Ġ', 'Ġab'].map((token, id) => [token, id]));
  const merges = ['a b', 'Ġ ab'];
  const special = (id: number, content: string, more: object = {}) => ({ id, content, special: true, ...more });
  const json = {
    model: { type: 'BPE', vocab, merges },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
    decoder: { type: 'ByteLevel' },
    added_tokens: [special(11, '<|endoftext|>')],
  };
  const config = {
    tokenizer_class: 'Qwen2Tokenizer',
    eos_token: '<|im_end|>',
    added_tokens_decoder: {
      11: { content: '<|endoftext|>', special: true },
      13: { content: '<|im_end|>', special: true },
      14: { content: '<tool>', special: false },
    },
  };

  test('tokens of added_tokens.json and of the configuration join tokenizer.json’s', async () => {
    const added = jsonSource({ '[PAD]': 12, '<|endoftext|>': 11 }, 'added_tokens.json');
    const files = [jsonSource(json, 'tokenizer.json'), added, jsonSource(config, 'tokenizer_config.json')];
    const spec = await specOf(files, 16);
    expect(spec).toMatchObject({ eosIds: [13], addBos: false });
    const tokenizer = createTokenizer(spec);
    expect(tokenizer.encodePieces([{ text: 'ab<|im_end|>[PAD]', trusted: true }])).toEqual([8, 13, 12]);
    expect(tokenizer.encode('ab<tool> ab')).toEqual([8, 14, 10]);
    expect(tokenizer.vocabSize).toBe(15);
    const smaller = createTokenizer(await specOf(files, 13));
    expect(smaller.vocabSize).toBe(13);
    await expect(specOf(files, 10)).rejects.toMatchObject({ code: 'tokenizer-mismatch' });
  });

  test('a tokenizer.json alone: what its template begins with is BOS, unless a configuration names another', async () => {
    const template = (id: string) => ({
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    });
    const byteLevel = { type: 'ByteLevel', trim_offsets: false };
    const alone = (post_processor: object) => jsonSource({ ...json, post_processor }, 'tokenizer.json');
    expect(await specOf([alone(template('<|endoftext|>'))])).toMatchObject({ bosId: 11, addBos: true });
    const parts = { type: 'Sequence', processors: [byteLevel, template('<|endoftext|>')] };
    expect(await specOf([alone(parts)])).toMatchObject({
      bosId: 11,
      addBos: true,
      specialTokens: { bos_token: '<|endoftext|>' },
    });
    expect(await specOf([alone(byteLevel)])).toMatchObject({ addBos: false });
    const named = jsonSource({ ...config, bos_token: '<|im_end|>' }, 'tokenizer_config.json');
    expect(await specOf([alone(parts), named])).toMatchObject({ bosId: 13 });
  });

  test('a tokenizer.json that says it all is passed on as it is', async () => {
    const text = JSON.stringify(json, null, 2);
    const spec = await specOf([textSource(text, 'tokenizer.json')], 16);
    expect(spec.definition).toEqual({ kind: 'huggingface', json: text });
  });

  test('vocab.json and merges.txt alone: Qwen2’s', async () => {
    const files = [
      jsonSource({ ...vocab, z: 12 }, 'vocab.json'),
      textSource(`#version: 0.2\n${merges.join('\n')}\n`, 'merges.txt'),
    ];
    const spec = await specOf([...files, jsonSource(config, 'tokenizer_config.json')], 16);
    const tokenizer = createTokenizer(spec);
    expect(tokenizer.encode('ab ab')).toEqual([8, 10]);
    expect(spec.eosIds).toEqual([13]);
    expect(tokenizer.encodePieces([{ text: 'ab<|im_end|>', trusted: true }])).toEqual([8, 13]);
    expect(tokenizer.decode([8, 13, 10])).toBe('ab ab');
    // without a word on how text is split, nothing is guessed
    const unknown = jsonSource({ tokenizer_class: 'GPT2Tokenizer' }, 'tokenizer_config.json');
    await expect(specOf([...files, unknown])).rejects.toMatchObject({ code: 'unsupported-tokenizer' });
    await expect(openTokenizer([files[0]])).rejects.toMatchObject({ code: 'missing-tokenizer' });
    const broken = textSource('a b c\n', 'merges.txt');
    const beside = jsonSource(config, 'tokenizer_config.json');
    await expect(specOf([files[0], broken, beside])).rejects.toMatchObject({ code: 'corrupt-file' });
  });
});

describe('a GGUF header', () => {
  const list = (value: readonly (string | number)[], of: 'string' | 'i32') => ({ type: 'array', of, value }) as const;
  const header = (tokens: readonly string[], more: Readonly<Record<string, GgufValue>>) => {
    const metadata = new Map<string, GgufValue>([['tokenizer.ggml.tokens', list(tokens, 'string')]]);
    for (const [key, value] of Object.entries(more)) metadata.set(`tokenizer.ggml.${key}`, value);
    return { source: textSource('', 'm.gguf'), metadata } as unknown as GgufFile;
  };
  const llama = { type: 'string', value: 'llama' } as const;
  const gpt2 = { type: 'string', value: 'gpt2' } as const;
  const id = (value: number) => ({ type: 'u32', value }) as const;

  test('ends answers where llama.cpp does, though it names the end of a text only', () => {
    const tokens = ['<unk>', '<s>', '</s>', 'a', '<|im_start|>', '<|im_end|>'];
    const types = list([2, 3, 3, 1, 3, 3], 'i32');
    const spec = tokenizerFromGguf(header(tokens, { model: llama, token_type: types, eos_token_id: id(2) }));
    expect(spec).toMatchObject({ eosIds: [2, 5], specialTokens: { eos_token: '</s>' } });
    const keys = { eos_token_id: id(3), eot_token_id: id(4), eom_token_id: id(0) };
    expect(tokenizerFromGguf(header(tokens.slice(0, 5), { model: llama, ...keys })).eosIds).toEqual([3, 4, 0, 2]);
    // a normal piece of that spelling is made by id only
    const plain = list([2, 3, 3, 1, 3, 1], 'i32');
    const { encode, encodePieces } = createTokenizer(
      tokenizerFromGguf(header(tokens, { model: llama, token_type: plain })),
    );
    expect(encode('<|im_end|>')).not.toContain(5);
    expect(encodePieces([{ text: 'a<|im_end|>', trusted: true }])).toContain(5);
  });

  test('of bytes without merges is refused, and BOS goes by the name of its split', () => {
    expect(() => tokenizerFromGguf(header(['a', 'b'], { model: gpt2 }))).toThrow(/without its merges/);
    const merges = list(['a b'], 'string');
    const addBos = (pre: string) => {
      const spec = tokenizerFromGguf(
        header(['a', 'b', 'ab'], { model: gpt2, merges, pre: { type: 'string', value: pre } }),
      );
      return spec.addBos;
    };
    expect(['llama-bpe', 'falcon3', 'pixtral', 'tekken', 'qwen2', 'gpt-2', 'default'].map(addBos)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
