import { expect, test } from 'vitest';
import { type GgufValue, readGguf } from './gguf';
import { writeGguf } from './writer';
import { bytesSource } from '../../core/source';

test('a token that is a byte order mark stays one: LLaMA’s vocabulary has it', async () => {
  const tokens: GgufValue = { type: 'array', of: 'string', value: ['<unk>', '\ufeff', '\ufeffa', 'a'] };
  const pieces: Uint8Array[] = [];
  for await (const piece of writeGguf({ metadata: new Map([['tokenizer.ggml.tokens', tokens]]), tensors: [] })) {
    pieces.push(piece);
  }
  const { metadata } = await readGguf(bytesSource(new Uint8Array(Buffer.concat(pieces)), 'vocabulary.gguf'));
  expect(metadata.get('tokenizer.ggml.tokens')).toEqual(tokens);
});
