import { expect, test } from 'vitest';
import { chooseFiles } from './choose';

/** `path size` a line. */
const files = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([path, size = '1']) => ({ path: path!, size: Number(size) }));
const names = (choice: { readonly files: readonly { readonly path: string }[] }) =>
  choice.files.map(({ path }) => path);

test('safetensors go before everything else, with what stands beside them', () => {
  const choice = chooseFiles(
    files(`.gitattributes
      LICENSE
      README.md 10
      adapter_model.safetensors
      config.json 5
      consolidated.safetensors 999
      generation_config.json
      model-00002-of-00002.safetensors 50
      model-00001-of-00002.safetensors 100
      model.safetensors.index.json 3
      original/consolidated.00.pth 150
      original/params.json
      onnx/model.onnx 400
      pytorch_model.bin 150
      runs/config.json
      special_tokens_map.json
      tokenizer.json 7
      tokenizer.model 4
      tokenizer_config.json
      training_args.bin
      model-Q8_0.gguf 75`),
  );
  expect(choice.kind).toBe('safetensors');
  expect(names(choice)).toEqual([
    'config.json',
    'generation_config.json',
    'special_tokens_map.json',
    'tokenizer.json',
    'tokenizer.model',
    'tokenizer_config.json',
    'model.safetensors.index.json',
    'README.md',
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
  ]);
  expect(choice.bytes).toBe(5 + 1 + 1 + 7 + 4 + 1 + 3 + 10 + 150);
  expect(choice.variants.map(({ id }) => id)).toEqual(['model-Q8_0.gguf']);
  expect(names(chooseFiles(choice.variants[0].files, { variant: 'model-Q8_0.gguf' }))).toEqual(['model-Q8_0.gguf']);
});

test('.bin goes before .pth, and training leftovers are no weights', () => {
  const choice = chooseFiles(
    files(`config.json
      optimizer.bin 900
      pytorch_model-00001-of-00001.bin 10
      tokenizer.model
      consolidated.00.pth 10
      params.json`),
  );
  expect(choice.kind).toBe('torch');
  expect(names(choice)).toEqual(['config.json', 'tokenizer.model', 'pytorch_model-00001-of-00001.bin']);
});

test("Meta's folders take the tokenizer from above", () => {
  const listing = files(`tokenizer.model 5
    13B/consolidated.01.pth 10
    13B/consolidated.00.pth 10
    13B/params.json
    7B/consolidated.00.pth 10
    7B/params.json`);
  const choice = chooseFiles(listing, { path: '7B' });
  expect(choice.kind).toBe('meta');
  expect(names(choice)).toEqual(['7B/params.json', 'tokenizer.model', '7B/consolidated.00.pth']);
  const larger = chooseFiles(listing, { path: '13B/params.json' });
  expect(names(larger).slice(-2)).toEqual(['13B/consolidated.00.pth', '13B/consolidated.01.pth']);
});

test('of GGUF files one is taken; which ones there are is said, smallest first', () => {
  const large = files(`README.md
    imatrix.gguf 1
    mmproj-model-f16.gguf 9
    m-IQ2_XS.gguf 2000000000
    m-Q4_0.gguf 3900000000
    m-Q4_K_M.gguf 4100000000
    m-Q8_0-00001-of-00002.gguf 4000000000
    m-Q8_0-00002-of-00002.gguf 3000000000`);
  const choice = chooseFiles(large);
  expect(choice.variants.map(({ precision, bytes, readable }) => [precision, bytes / 1e9, readable])).toEqual([
    ['IQ2_XS', 2, true],
    ['Q4_0', 3.9, true],
    ['Q4_K_M', 4.1, true],
    ['Q8_0', 7, true],
  ]);
  expect(names(choice)).toEqual(['README.md', 'm-Q4_K_M.gguf']);
  expect(names(chooseFiles(large, { variant: 'm-Q8_0.gguf' }))).toHaveLength(3);
  expect(names(chooseFiles(large, { path: 'm-Q8_0-00002-of-00002.gguf' }))).toHaveLength(3);
  expect(names(chooseFiles(large, { path: 'm-IQ2_XS.gguf' }))).toContain('m-IQ2_XS.gguf');
});

test('every name that quantizers give is known, but for layouts that llama.cpp has taken out', () => {
  const names =
    'Q2_K_L Q3_K_XL Q8_K_XL IQ4_XS IQ4_NL IQ3_XS IQ3_M IQ2_M UD-IQ1_S UD-IQ2_XXS TQ1_0 MXFP4_MOE NVFP4 Q1_0 Q4_0_4_4';
  const listing = files(
    names
      .split(' ')
      .map((name, i) => `m-${name}.gguf ${i + 5}000000000`)
      .join('\n'),
  );
  const unread = chooseFiles(listing).variants.filter(({ readable }) => !readable);
  expect(unread.map(({ precision }) => precision)).toEqual(['Q4_0_4_4']);
  expect(names.split(' ')).toHaveLength(chooseFiles(listing).variants.length);
});

test('below a billion parameters 8 bits are the default', () => {
  const small = files(`smol-135m-q4_k_m.gguf 105000000
    smol-135m-q8_0.gguf 145000000
    smol-135m-f16.gguf 271000000`);
  expect(chooseFiles(small).variant).toBe('smol-135m-q8_0.gguf');
  expect(chooseFiles(files('Q8_0/x-BF16.gguf 10')).variants[0].precision).toBe('BF16');
  expect(chooseFiles(files('model.gguf 10')).variants[0]).toMatchObject({ precision: '', readable: true });
});

test.each([
  ['config.json\nREADME.md', {}, 'unsupported-format'],
  ['model.onnx\nconfig.json', {}, 'unsupported-format'],
  ['x-Q8_0.gguf', { variant: 'y.gguf' }, 'unsupported-format'],
  ['x-Q8_0.gguf', { path: 'elsewhere' }, 'unsupported-format'],
  ['config.json\nmodel-00001-of-00002.safetensors', {}, 'missing-file'],
  ['x-00001-of-00002.gguf', {}, 'missing-file'],
])('%j is refused', (text, options, code) => {
  expect(() => chooseFiles(files(text), options)).toThrow(expect.objectContaining({ code }));
});
