// A made-up model as a GGUF file, for other programs.
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TokenizerSpec } from '../../core/checkpoint';
import { exportGguf } from '../../engine/export/gguf';
import type { Prepared } from './prepared';

const SPECIAL = ['<unk>', '<s>', '</s>'];
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const LETTERS = Array.from('▁abcdefghijklmnopqrstuvwxyz');

/** A tokenizer with pieces of one letter each, so that a text has as many tokens as letters. */
function tokenizer(vocabulary: number): TokenizerSpec {
  const known = [...SPECIAL, ...BYTES, ...LETTERS];
  const tokens = [...known, ...Array.from({ length: vocabulary - known.length }, (_, i) => `<extra_${i}>`)];
  const types = tokens.map((_, id) => {
    if (id === 0) return 2;
    if (id < SPECIAL.length) return 3;
    if (id < SPECIAL.length + BYTES.length) return 6;
    return id < known.length ? 1 : 5;
  });
  const scores = new Float32Array(vocabulary);
  return {
    definition: { kind: 'gguf', model: 'llama', tokens, scores, types, addSpacePrefix: false },
    bosId: 1,
    eosIds: [2],
    addBos: true,
    specialTokens: { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' },
  };
}

/** Writes the model's file, and gives its bytes. */
export async function writeMadeGguf(path: string, { config, tensors }: Prepared): Promise<number> {
  const file = exportGguf(config, tokenizer(config.vocabSize), tensors, { name: 'made-up' });
  const to = createWriteStream(path);
  await pipeline(Readable.from(file), to);
  return to.bytesWritten;
}
