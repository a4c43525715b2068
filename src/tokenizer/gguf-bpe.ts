// Byte-level vocabularies in a GGUF header (`tokenizer.ggml.model` = `gpt2`). The header names the split that goes
// before the merges (`tokenizer.ggml.pre`); the expressions stand in the models' own tokenizer.json files.

import type { TokenizerDefinition } from '../formats/checkpoint';
import { PronkError } from '../formats/errors';
import { PieceType } from './pieces';
import { GPT2_SPLIT, type Step, type TokenizerJson, splitBy } from './tokenizer-json';

const CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const REST = String.raw` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const LLAMA3 = String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|${REST}`;
const QWEN2 = String.raw`${CONTRACTIONS}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|${REST}`;
const UPPER = String.raw`[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`;
const LOWER = String.raw`[\p{Ll}\p{Lm}\p{Lo}\p{M}]`;
const TEKKEN =
  String.raw`[^\r\n\p{L}\p{N}]?${UPPER}*${LOWER}+|[^\r\n\p{L}\p{N}]?${UPPER}+${LOWER}*|\p{N}|` +
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

interface Kind {
  readonly splits: readonly string[];
  /** A word that is in the vocabulary is not merged from its bytes. */
  readonly whole?: boolean;
  /** Letters and their accents are one character where there is one (Unicode's NFC), which the header does not say. */
  readonly composed?: boolean;
}

const SPLITS: Readonly<Record<string, Kind>> = {
  'llama-bpe': { splits: [LLAMA3], whole: true },
  tekken: { splits: [TEKKEN], whole: true },
  qwen2: { splits: [QWEN2], composed: true },
  'deepseek-r1-qwen': { splits: [QWEN2] },
  smollm: { splits: [String.raw`\p{N}`, GPT2_SPLIT] },
  'gpt-2': { splits: [GPT2_SPLIT] },
};

/** Other names of the same splits. Headers without a name are older than the key. */
const SAME: Readonly<Record<string, string>> = {
  llama3: 'llama-bpe',
  'llama-v3': 'llama-bpe',
  starcoder: 'smollm',
  default: 'gpt-2',
};

/**
 * The tokenizer.json that says what the header says.
 * @throws PronkError `unsupported-tokenizer` for a split that Pronk does not know
 */
export function jsonFromGguf(
  { tokens, types, merges = [], pre = 'default', added = [] }: TokenizerDefinition & { kind: 'gguf' },
  special: ReadonlyMap<string, number>,
): TokenizerJson {
  const kind = SPLITS[SAME[pre] ?? pre];
  if (!kind) {
    const known = [...Object.keys(SPLITS), ...Object.keys(SAME)].join(', ');
    const message = `The GGUF file's tokenizer splits text the way “${pre}”, which Pronk does not know. It knows ${known}.`;
    throw new PronkError('unsupported-tokenizer', message);
  }
  const isSpecial = (id: number) => special.get(tokens[id]) === id;
  const isAdded = (id: number) => isSpecial(id) || types?.[id] === PieceType.userDefined;
  const ids = Array.from(tokens.keys());
  const manners = new Map(added.map((token) => [token.id, token]));
  const byteLevel: Step = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
  return {
    normalizer: kind.composed ? { type: 'NFC' } : null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...kind.splits.map(splitBy), byteLevel] },
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
