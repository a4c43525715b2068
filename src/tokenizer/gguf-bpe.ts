// Byte-level vocabularies in a GGUF header (`tokenizer.ggml.model` = `gpt2`). The header names the split that goes
// before the merges (`tokenizer.ggml.pre`).

import type { TokenizerDefinition } from '../core/checkpoint';
import { PronkError } from '../core/errors';
import { splitNamed } from '../formats/gguf/splits';
import { PieceType } from './pieces';
import { type Step, type TokenizerJson, splitBy } from './tokenizer-json';

/**
 * The tokenizer.json that says what the header says.
 * @throws PronkError `unsupported-tokenizer` for a split that Pronk does not know
 */
export function jsonFromGguf(
  { tokens, types, merges = [], pre = 'default', added = [] }: TokenizerDefinition & { kind: 'gguf' },
  special: ReadonlyMap<string, number>,
): TokenizerJson {
  const kind = splitNamed(pre);
  if (!kind) {
    const message = `The GGUF file's tokenizer splits text the way “${pre}”, which Pronk does not know. Convert the model again, or take its safetensors files with their tokenizer.json.`;
    throw new PronkError('unsupported-tokenizer', message);
  }
  const isSpecial = (id: number) => special.get(tokens[id]) === id;
  const isAdded = (id: number) => isSpecial(id) || types?.[id] === PieceType.userDefined;
  const ids = Array.from(tokens.keys());
  const manners = new Map(added.map((token) => [token.id, token]));
  const byteLevel: Step = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
  return {
    normalizer: kind.composed ? { type: 'NFC' } : null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...kind.expressions.map(splitBy), byteLevel] },
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(ids.filter((id) => !isAdded(id)).map((id) => [tokens[id], id])),
      merges,
      ignore_merges: kind.whole ?? false,
    },
    added_tokens: ids.filter(isAdded).map((id) => {
      const { lstrip, rstrip, singleWord, normalized } = manners.get(id) ?? {};
      const manner = { lstrip, rstrip, single_word: singleWord, normalized };
      return { id, content: tokens[id], special: isSpecial(id), ...(added.length && manner) };
    }),
  };
}
