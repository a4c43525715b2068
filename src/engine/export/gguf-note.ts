// A sentence for the person about a GGUF file that llama.cpp computes otherwise than Pronk.
import type { ModelConfig } from '../../core/model-config';
import { tokensAdded } from '../../formats/tokenizer/added-tokens';
import type { TokenizerDefinition, TokenizerSpec } from '../../core/checkpoint';
import { createTokenizer } from '../../tokenizer/index';
import { parseTokenizerJson } from '../../tokenizer/tokenizer-json';
import { vocabularyOf } from './gguf-tokenizer';

/** Sentences for whoever saves a model as GGUF; undefined where llama.cpp does as Pronk does. */
export function ggufNote(config: ModelConfig, tokenizer: TokenizerSpec): string | undefined {
  const notes = [tokenizerNote(tokenizer), windowNote(config), scalingNote(config)].filter(
    (note) => note !== undefined,
  );
  return notes.length > 0 ? notes.join(' ') : undefined;
}

/** Texts that llama.cpp tokenizes otherwise than the tokenizer that was written for it. */
export function tokenizerNote(spec: TokenizerSpec): string | undefined {
  const vocabulary = vocabularyOf(spec.definition);
  if (vocabulary.removeExtraWhitespaces) {
    return 'This model’s tokenizer joins runs of spaces, which llama.cpp does not: it reads a text with two spaces otherwise than Pronk.';
  }
  // a GGUF vocabulary is read as llama.cpp reads it
  const [here, there] = [createTokenizer(spec), createTokenizer({ ...spec, definition: vocabulary })];
  const differing = probes(spec).find((text) => {
    const pieces = [{ text, trusted: true }];
    return String(here.encodePieces(pieces)) !== String(there.encodePieces(pieces));
  });
  if (differing === undefined) return undefined;
  return `llama.cpp cuts some texts otherwise than this model’s tokenizer.json says, such as ${JSON.stringify(differing)}, and may answer otherwise there.`;
}

/** Added tokens that are tried. */
const TRIED = 64;

/** Texts in which programs differ if they do at all: white space at a beginning, and around tokens that were added. */
function probes(spec: TokenizerSpec): string[] {
  const added = [
    ...new Set([...Object.values(spec.specialTokens), ...addedTokens(spec.definition).map(({ content }) => content)]),
  ].slice(0, TRIED);
  return [
    'Hello world, 1234!',
    ' a text\n\n  that begins with a space',
    ...added.flatMap((token) => [`${token}user`, `a ${token} b`, `a${token}b`, `${token}\n${token}`]),
  ];
}

function addedTokens(definition: TokenizerDefinition): readonly { readonly content: string }[] {
  switch (definition.kind) {
    case 'huggingface':
      return parseTokenizerJson(definition.json).added_tokens;
    case 'sentencepiece':
      return tokensAdded(definition);
    case 'gguf':
      return definition.added ?? [];
  }
}

/** llama.cpp has windows for other architectures alone. */
function windowNote({ slidingWindow, contextLength }: ModelConfig): string | undefined {
  if (slidingWindow === undefined || slidingWindow >= contextLength) return undefined;
  return `This model attends to the last ${slidingWindow} tokens only, in all layers or in some; llama.cpp attends to all in every layer, and answers otherwise in texts longer than that.`;
}

function scalingNote({ ropeScaling, contextLength }: ModelConfig): string | undefined {
  if (ropeScaling?.type === 'longrope') {
    return `This model rotates texts of more than ${ropeScaling.originalContextLength} tokens otherwise than shorter ones (longrope); llama.cpp decides by the context that it is given, not by the text: give it no more than that for short texts.`;
  }
  if (ropeScaling?.type === 'yarn' && !ropeScaling.truncate) {
    return 'This model’s YaRN begins and ends within pairs of a head (truncate: false), which llama.cpp rounds to whole ones: it answers a little otherwise.';
  }
  if (ropeScaling?.type !== 'dynamic') return undefined;
  return `This model scales its positions dynamically beyond ${contextLength} tokens, which llama.cpp does not: use it there up to that length.`;
}
