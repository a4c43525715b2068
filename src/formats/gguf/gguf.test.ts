import { expect, test } from 'vitest';
import { type GgufValue, readGguf } from './gguf';
import { writeGguf } from './writer';
import { openCheckpoint } from '../checkpoint/open';
import { type Source, bytesSource } from '../../core/source';

async function written(metadata: ReadonlyMap<string, GgufValue> = new Map()): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  const tensor = {
    name: 'a.weight',
    type: 'IQ4_NL',
    shape: [32, 1],
    async *pieces() {
      yield new Uint8Array(18);
    },
  } as const;
  for await (const piece of writeGguf({ metadata, tensors: [tensor] })) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

const named = (bytes: Uint8Array<ArrayBuffer>): Source => bytesSource(bytes, 'm.gguf');

/** The file with another number in one of its places of four bytes. */
async function changed(at: number, value: number, littleEndian = true): Promise<Source> {
  const bytes = await written();
  new DataView(bytes.buffer).setUint32(at, value, littleEndian);
  return named(bytes);
}

const said = (source: Promise<Source>) =>
  source.then(readGguf).then(
    () => 'opened',
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );

test('a token that is a byte order mark stays one: LLaMA’s vocabulary has it', async () => {
  const tokens: GgufValue = { type: 'array', of: 'string', value: ['<unk>', '\ufeff', '\ufeffa', 'a'] };
  const { metadata } = await readGguf(named(await written(new Map([['tokenizer.ggml.tokens', tokens]]))));
  expect(metadata.get('tokenizer.ggml.tokens')).toEqual(tokens);
});

test('versions 2 and 3 are read; others are named, with what to do', async () => {
  expect(await said(changed(4, 2))).toBe('opened');
  expect(await said(changed(4, 3))).toBe('opened');
  expect(await said(changed(4, 1))).toMatch(/^unsupported-version: m\.gguf .*version 1, .* convert it again/);
  expect(await said(changed(4, 3, false))).toMatch(/^unsupported-version: .*big-endian.*gguf_convert_endian/);
  expect(await said(changed(4, 4))).toMatch(/^unsupported-version: .*version 4\./);
});

test('a file from before GGUF is named, whatever its name is', async () => {
  const bytes = await written();
  new DataView(bytes.buffer).setUint32(0, 0x67676a74, true);
  expect(await said(Promise.resolve(named(bytes)))).toMatch(
    /^unsupported-version: m\.gguf .*before GGUF.*convert_llama/,
  );
  const opened = openCheckpoint([bytesSource(bytes, 'ggml-alpaca-7b-q4.bin')]);
  await expect(opened).rejects.toMatchObject({ code: 'unsupported-version' });
});

test('types that are not read are named, with those that are', async () => {
  // behind the header: the name's length, the name, dimensions, two sizes
  const at = 24 + 8 + 8 + 4 + 16;
  expect(await said(changed(at, 20))).toBe('opened');
  expect(await said(changed(at, 26))).toMatch(/^unsupported-tensor-type: .* a\.weight as I32, .*reads F32, .*IQ4_NL, /);
  expect(await said(changed(at, 31))).toMatch(/^unsupported-tensor-type: .* as Q4_0_4_4, .*take a file in Q4_0/);
  expect(await said(changed(at, 77))).toMatch(/^unsupported-tensor-type: .* as ggml's type 77, /);
  expect(await said(changed(at, 0x7fffffff))).toMatch(/^corrupt-file/);
});
