// Memory instructions of a workgroup: the bytes that they move, and the words that they read where those are known
// (uniforms, and data that the host wrote).
import type { Instruction } from './assembly';
import { EXEC, literal, registersOf, type Wave } from './wave';

/** Contents of each buffer of the bind group, in words, in order; undefined where only the GPU knows them. */
export type Contents = readonly (Uint32Array | undefined)[];

type Access = (wave: Wave, memory: Memory, at: number) => void;

/** Words that an access moves in each lane. */
export function width(name: string): number {
  const bits = /_(?:b|u|i|format_x)(8|16|32|64|96|128|256|512)(?:_|$)/.exec(name)?.[1];
  const pairs = /2addr|2st64|read2|write2/.test(name) ? 2 : 1;
  if (bits && !/dword/.test(name)) return (pairs * Number(bits)) / 8;
  const words = /dword(?:x(\d+))?/.exec(name);
  if (words) return 4 * Number(words[1] ?? 1);
  if (/ushort|sshort|short|d16|b16/.test(name)) return 2;
  return /byte/.test(name) ? 1 : 4;
}

const offsetOf = (modifiers: readonly string[], name = 'offset') =>
  Number(modifiers.find((each) => each.startsWith(`${name}:`))?.slice(name.length + 1) ?? 0);

const population = (word: number) => {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
};

const active = (wave: Wave) =>
  population(wave.maybe[EXEC]) + (wave.lanes === 64 ? population(wave.maybe[EXEC + 1]) : 0);

export class Memory {
  readonly #shared: Int32Array;
  readonly #known: Uint8Array;
  readonly #contents: Contents;
  readonly #grid: readonly number[];
  readonly #bytes: Float64Array;

  constructor(lds: number, contents: Contents, grid: readonly number[], bytes: Float64Array) {
    this.#shared = new Int32Array(lds / 4 + 64);
    this.#known = new Uint8Array(lds / 4 + 64);
    this.#contents = contents;
    this.#grid = grid;
    this.#bytes = bytes;
  }

  /** A scalar load of descriptors, which are 16 bytes each, in the order of their bindings. */
  static scalarLoad({ name, operands, modifiers }: Instruction): Access {
    const to = registersOf(operands[0]);
    const base = registersOf(operands[1])?.first ?? 0;
    const words = width(name) / 4;
    const [place, more] = [operands[2] ?? '0', offsetOf(modifiers)];
    const constant = literal(place);
    const register = registersOf(place)?.first;
    return (wave, memory) => {
      if (!to) return;
      const { handles, ones } = wave;
      const pointed = handles[base];
      const known = constant !== undefined || (register !== undefined && wave.isKnown(register));
      const offset = (constant ?? ones[register ?? 0]) + more;
      for (let i = 0; i < words; i++) {
        const at = offset / 4 + i;
        const word =
          pointed?.kind === 'buffer'
            ? memory.#contents[pointed.index]?.[at]
            : pointed?.kind === 'grid'
              ? memory.#grid[at]
              : undefined;
        if (known && word !== undefined) wave.set(to.first + i, word);
        else wave.forget(to.first + i);
      }
      if (!known || pointed?.kind !== 'set') return;
      for (let i = 0; i < words; i += 4) handles[to.first + i] = { kind: 'buffer', index: offset / 16 + i / 4 };
    };
  }

  static access({ name, operands, modifiers }: Instruction): Access {
    const each = width(name);
    const loads = /_load/.test(name);
    const count = (wave: Wave, memory: Memory, at: number) => (memory.#bytes[at] += each * active(wave));
    const returns = loads || (name.includes('atomic') && modifiers.some((word) => /glc|sc0|TH_/.test(word)));
    const to = registersOf(operands[0]);
    if (!returns || to?.kind !== 'v') return count;
    const forget = (wave: Wave) => {
      for (let i = 0; i < Math.max(1, each / 4); i++) wave.forgetLanes(to.first + i);
    };
    const address = registersOf(operands[1])?.first;
    const base = registersOf(operands[2])?.first;
    const more = literal(operands[3] ?? '0');
    const offset = offsetOf(modifiers);
    const simple = name.startsWith('buffer_load') && each >= 4 && base !== undefined && more !== undefined;
    if (!simple || (modifiers.includes('offen') && address === undefined)) {
      return (wave, memory, at) => (count(wave, memory, at), forget(wave));
    }
    return (wave, memory, at) => {
      count(wave, memory, at);
      const pointed = wave.handles[base];
      const words = pointed?.kind === 'buffer' ? memory.#contents[pointed.index] : undefined;
      if (!words) return forget(wave);
      const from = modifiers.includes('offen') && address !== undefined ? address : undefined;
      readLanes(wave, to.first, each / 4, from, (byte) => words[(byte + more + offset) / 4] ?? 0);
    };
  }

  static local({ name, operands, modifiers }: Instruction): Access {
    const each = width(name);
    const count = (wave: Wave, memory: Memory, at: number) => (memory.#bytes[at] += each * active(wave));
    const two = /2addr|read2|write2/.test(name);
    const step = (/st64|stride64/.test(name) ? 64 : 1) * (each / 8) * 4;
    const offsets = two
      ? [step * offsetOf(modifiers, 'offset0'), step * offsetOf(modifiers, 'offset1')]
      : [offsetOf(modifiers)];
    const words = Math.ceil(each / 4 / offsets.length);
    const isWhole = each / offsets.length >= 4;
    if (/^ds_(read|load)/.test(name)) {
      const to = registersOf(operands[0])?.first ?? 0;
      const address = registersOf(operands[1])?.first ?? 0;
      return (wave, memory, at) => {
        count(wave, memory, at);
        offsets.forEach((offset, i) => {
          if (isWhole) readLanes(wave, to + i * words, words, address, (byte) => memory.#word(byte + offset));
          else wave.forgetLanes(to + i * words);
        });
      };
    }
    if (!/^ds_(write|store)/.test(name)) {
      const to = registersOf(operands[0]);
      const returns = /bpermute|permute|swizzle|rtn|append|consume/.test(name);
      return (wave, memory, at) => {
        count(wave, memory, at);
        if (returns && to?.kind === 'v') for (let i = 0; i < to.count; i++) wave.forgetLanes(to.first + i);
        if (!returns) memory.#known.fill(0);
      };
    }
    const address = registersOf(operands[0])?.first ?? 0;
    return (wave, memory, at) => {
      count(wave, memory, at);
      offsets.forEach((offset, i) => {
        const from = registersOf(operands[1 + i])?.first ?? 0;
        for (let word = 0; word < words; word++) memory.#store(wave, address, offset + 4 * word, from + word, isWhole);
      });
    };
  }

  #word(byte: number): number | undefined {
    const at = byte >> 2;
    return this.#known[at] ? this.#shared[at] : undefined;
  }

  #store(wave: Wave, address: number, offset: number, from: number, isWhole: boolean): void {
    const [places, values] = [wave.lane(address), wave.lane(from)];
    for (const half of [0, 1]) {
      for (let bits = wave.maybe[EXEC + half]; bits !== 0; bits &= bits - 1) {
        const lane = 32 * half + 31 - Math.clz32(bits & -bits);
        const bit = bits & -bits;
        if (!(wave.known[2 * address + half] & bit)) {
          // a store to an unknown place may have changed any word
          this.#known.fill(0);
          return;
        }
        const at = (places[lane] + offset) >> 2;
        this.#known[at] = isWhole && wave.known[2 * from + half] & bit ? 1 : 0;
        this.#shared[at] = values[lane];
      }
    }
  }
}

/** Fills vector registers lane by lane, as far as addresses and words are known. */
function readLanes(
  wave: Wave,
  to: number,
  words: number,
  address: number | undefined,
  word: (byte: number) => number | undefined,
): void {
  const places = address === undefined ? new Int32Array(64) : wave.lane(address).slice();
  const knownPlaces = [0, 1].map((half) => (address === undefined ? -1 : wave.known[2 * address + half]));
  for (let i = 0; i < words; i++) {
    const values = wave.lane(to + i);
    const known = [0, 0];
    for (const half of [0, 1]) {
      for (let bits = wave.maybe[EXEC + half] & knownPlaces[half]; bits !== 0; bits &= bits - 1) {
        const lane = 32 * half + 31 - Math.clz32(bits & -bits);
        const found = word(places[lane] + 4 * i);
        if (found === undefined) continue;
        values[lane] = found;
        known[half] |= bits & -bits;
      }
    }
    wave.wrote(to + i, known[0], known[1]);
  }
}
