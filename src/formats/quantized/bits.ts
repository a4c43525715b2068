/** Codes of some bits that lie one after another, from the lowest bit of the first byte on. */
export function unpackBits(bytes: Uint8Array, bits: number, count: number): Uint8Array {
  const codes = new Uint8Array(count);
  const mask = 2 ** bits - 1;
  for (let i = 0, bit = 0; i < count; i++, bit += bits) {
    const at = bit >> 3;
    const two = bytes[at] | ((bytes[at + 1] ?? 0) << 8);
    codes[i] = (two >> (bit & 7)) & mask;
  }
  return codes;
}
