// A tokenizer's specification as JSON, SentencePiece bytes included.

import type { TokenizerDefinition, TokenizerSpec } from '../core/checkpoint';

/** UTF-8 JSON that `decodeTokenizer` turns back into an equal specification. */
export function encodeTokenizer(spec: TokenizerSpec): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ ...spec, definition: plain(spec.definition) }));
}

export function decodeTokenizer(bytes: Uint8Array): TokenizerSpec {
  const spec = JSON.parse(new TextDecoder().decode(bytes)) as TokenizerSpec;
  const { definition } = spec;
  if (definition.kind !== 'sentencepiece') return spec;
  const text = atob(definition.model as unknown as string);
  return { ...spec, definition: { ...definition, model: Uint8Array.from(text, (char) => char.charCodeAt(0)) } };
}

function plain(definition: TokenizerDefinition): unknown {
  if (definition.kind === 'huggingface') return definition;
  if (definition.kind === 'sentencepiece') return { ...definition, model: base64(definition.model) };
  const { scores, types } = definition;
  return {
    ...definition,
    ...(scores && { scores: Array.from(scores) }),
    ...(types && { types: Array.from(types) }),
  };
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
