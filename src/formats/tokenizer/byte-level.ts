// Byte-level BPE writes each byte as one printable character (Radford et al. 2019, GPT-2, §2.2): the printable ones of
// Latin-1 stand for themselves, the others for U+0100 and up in order.

const CHARACTERS = byteCharacters();
const BYTES = new Map(CHARACTERS.map((character, byte) => [character, byte]));

/** The bytes that a token of such a vocabulary stands for. */
export function bytesOfByteLevel(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTES.get(character);
    // a token that was added as text
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** The characters that such a vocabulary writes for bytes. */
export function byteLevelText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => CHARACTERS[byte]).join('');
}

function byteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}
