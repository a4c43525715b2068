// What a person is told of a GGUF file that llama.cpp computes otherwise than Pronk.
import type { ModelConfig, TokenizerSpec } from '../../formats/checkpoint';
import { tokenizerNote } from './gguf-tokenizer';

/** Sentences for whoever saves a model as GGUF; undefined where llama.cpp does as Pronk does. */
export function ggufNote(config: ModelConfig, tokenizer: TokenizerSpec): string | undefined {
  const notes = [tokenizerNote(tokenizer), windowNote(config), scalingNote(config)].filter(
    (note) => note !== undefined,
  );
  return notes.length > 0 ? notes.join(' ') : undefined;
}

/** llama.cpp has windows for other architectures alone. */
function windowNote({ slidingWindow, contextLength }: ModelConfig): string | undefined {
  if (slidingWindow === undefined || slidingWindow >= contextLength) return undefined;
  return `This model attends to the last ${slidingWindow} tokens only, in all layers or in some; llama.cpp attends to all in every layer, and answers otherwise in texts longer than that.`;
}

function scalingNote({ ropeScaling, contextLength }: ModelConfig): string | undefined {
  if (ropeScaling?.type !== 'dynamic') return undefined;
  return `This model scales its positions dynamically beyond ${contextLength} tokens, which llama.cpp does not: use it there up to that length.`;
}
