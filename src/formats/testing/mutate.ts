// Damage for fuzzing: what transfers, disks and bad intentions do to a file, from a seed.

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32, Tommy Ettinger, public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Random = () => number;
type Bytes = Uint8Array<ArrayBuffer>;

const EXTREMES = [0n, 1n, 0x7fffffffn, 0xffffffffn, 0x100000000n, 0x7fffffffffffffffn, 0xffffffffffffffffn];
const NUMBERS = ['-1', '0', '1e308', '9007199254740993', '1.5', 'null', 'true', '""', '[]', '{}', '-0', '1e-320'];
/** Most damage is done where readers look. */
const HEAD = 4096;

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)];

function place(random: Random, size: number): number {
  const near = random() < 0.7;
  const at = Math.floor(random() * Math.min(size, near ? HEAD : size));
  // archives keep their directory at the end
  return near && random() < 0.4 ? size - 1 - at : at;
}

const ON_BYTES: readonly ((bytes: Bytes, random: Random) => Bytes)[] = [
  (bytes, random) => {
    bytes[place(random, bytes.length)] ^= 1 << Math.floor(random() * 8);
    return bytes;
  },
  (bytes, random) => {
    bytes[place(random, bytes.length)] = pick(random, [0, 1, 0x7f, 0x80, 0xff, 0x2e, 0x63, 0x52]);
    return bytes;
  },
  (bytes, random) => {
    const width = pick(random, [4, 8]);
    if (bytes.length < 8) return bytes;
    const at = Math.min(place(random, bytes.length), bytes.length - 8);
    const view = new DataView(bytes.buffer);
    if (width === 8) view.setBigUint64(at, pick(random, EXTREMES), true);
    else view.setUint32(at, Number(pick(random, EXTREMES) & 0xffffffffn), true);
    return bytes;
  },
  (bytes, random) => bytes.slice(0, Math.floor(random() * bytes.length)),
  (bytes, random) => {
    const at = place(random, bytes.length);
    const count = Math.floor(random() * 64);
    return joined(bytes.subarray(0, at), bytes.subarray(at + count));
  },
  (bytes, random) => {
    const at = place(random, bytes.length);
    const again = bytes.subarray(at, at + Math.floor(random() * 256));
    return joined(bytes.subarray(0, at), again, again, bytes.subarray(at));
  },
  (bytes, random) => {
    const noise = Uint8Array.from({ length: Math.floor(random() * 64) }, () => random() * 256);
    const at = place(random, bytes.length);
    return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
  },
  (bytes, random) => {
    const [a, b] = [place(random, bytes.length), place(random, bytes.length)];
    bytes.copyWithin(a, b, b + 32);
    return bytes;
  },
];

const ON_TEXT: readonly ((text: string, random: Random) => string)[] = [
  (text, random) => {
    const numbers = [...text.matchAll(/-?\d+(\.\d+)?([eE][-+]?\d+)?/g)];
    if (!numbers.length) return text;
    const { index, 0: number } = pick(random, numbers);
    return text.slice(0, index) + pick(random, NUMBERS) + text.slice(index + number.length);
  },
  (text, random) => {
    const strings = [...text.matchAll(/"[^"]*"/g)];
    if (!strings.length) return text;
    const { index, 0: string } = pick(random, strings);
    const other = pick(random, [...strings.map(([each]) => each), '"__proto__"', '"constructor"', '"../x"', '7', '[]']);
    return text.slice(0, index) + other + text.slice(index + string.length);
  },
  (text, random) => {
    const at = Math.floor(random() * text.length);
    return (
      text.slice(0, at) + pick(random, ['['.repeat(20_000), '{"a":', ']', '}', ',', '\u0000', '\\']) + text.slice(at)
    );
  },
];

/** A damaged copy. JSON is mostly damaged where it stays JSON. */
export function mutate(original: Uint8Array, random: Random): Bytes {
  let bytes: Bytes = new Uint8Array(original);
  const text = bytes[0] === 0x7b && random() < 0.8;
  for (let n = 1 + Math.floor(random() * 3); n > 0 && bytes.length > 0; n--) {
    bytes = text
      ? new TextEncoder().encode(pick(random, ON_TEXT)(new TextDecoder().decode(bytes), random))
      : pick(random, ON_BYTES)(bytes, random);
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Bytes {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
