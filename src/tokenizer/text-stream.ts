// Ids to text, at once or while they come: a character may spread over several ids. Bytes that are no UTF-8 become U+FFFD.

import type { Codec } from './codec';

const SPACE_BYTE = 0x20;

/** The text of ids. */
export function decodeIds(codec: Codec, ids: readonly number[]): string {
  const bytesOf = withoutLeadingSpace(codec, false);
  const parts = ids.map(bytesOf);
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return createDecoder().decode(all);
}

/** Turns ids into text piece by piece; `flush` says what an incomplete character at the end is. */
export function createTextStream(codec: Codec, continuation: boolean): { push(id: number): string; flush(): string } {
  const bytesOf = withoutLeadingSpace(codec, continuation);
  const decoder = createDecoder();
  return { push: (id) => decoder.decode(bytesOf(id), { stream: true }), flush: () => decoder.decode() };
}

function createDecoder(): TextDecoder {
  // the byte order mark is a character like others
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/** Bytes of one id after the other; the dummy prefix of the first is left out. */
function withoutLeadingSpace(codec: Codec, continuation: boolean): (id: number) => Uint8Array {
  let atBeginning = !continuation && codec.leadingSpace !== 'keep';
  return (id) => {
    const bytes = codec.bytes(id);
    if (!atBeginning || bytes.length === 0) return bytes;
    const rest = bytes[0] === SPACE_BYTE ? bytes.subarray(1) : bytes;
    atBeginning = codec.leadingSpace === 'remove-all' && rest.length === 0;
    return rest;
  };
}
