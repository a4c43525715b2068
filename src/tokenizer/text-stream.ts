// Ids to text while they come: a character may spread over several ids.

import type { Codec } from './codec';

const SPACE_BYTE = 0x20;

/** Turns ids into text piece by piece. Bytes that are no UTF-8 become U+FFFD, those at the end with `flush`. */
export function createTextStream(codec: Codec, continuation: boolean): { push(id: number): string; flush(): string } {
  // the byte order mark is a character like others
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let atBeginning = !continuation && codec.leadingSpace !== 'keep';
  return {
    push(id) {
      let bytes = codec.bytes(id);
      if (atBeginning && bytes.length) {
        if (bytes[0] === SPACE_BYTE) bytes = bytes.subarray(1);
        atBeginning = codec.leadingSpace === 'remove-all' && bytes.length === 0;
      }
      return decoder.decode(bytes, { stream: true });
    },
    flush: () => decoder.decode(),
  };
}
