// Vector instructions as functions over a wave's registers, for those that compute places and sizes; results of data
// are unknown anyway.
import type { Instruction } from './assembly';
import { bitsFloat, EXEC, floatBits, literal, registersOf, VCC, type Wave } from './wave';

type Execute = (wave: Wave) => void;
type Operation = (a: number, b: number, c: number) => number;

const f = bitsFloat;
const product = (a: number, b: number) => Number((BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n);
const u24 = (a: number) => a & 0xffffff;
const field = (a: number, width: number) => (width >= 32 ? a : a & (2 ** width - 1));

/** Operations of vector instructions on signed operands, whose results are words. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  mov_b32: (a) => a,
  not_b32: (a) => ~a,
  add_u32: (a, b) => a + b,
  add_nc_u32: (a, b) => a + b,
  sub_u32: (a, b) => a - b,
  sub_nc_u32: (a, b) => a - b,
  subrev_u32: (a, b) => b - a,
  subrev_nc_u32: (a, b) => b - a,
  add3_u32: (a, b, c) => a + b + c,
  lshl_add_u32: (a, b, c) => (a << (b & 31)) + c,
  add_lshl_u32: (a, b, c) => (a + b) << (c & 31),
  lshl_or_b32: (a, b, c) => (a << (b & 31)) | c,
  and_or_b32: (a, b, c) => (a & b) | c,
  or3_b32: (a, b, c) => a | b | c,
  xad_u32: (a, b, c) => (a ^ b) + c,
  xor3_b32: (a, b, c) => a ^ b ^ c,
  mul_lo_u32: Math.imul,
  mul_hi_u32: product,
  mul_u32_u24: (a, b) => Math.imul(u24(a), u24(b)),
  mul_i32_i24: (a, b) => Math.imul((a << 8) >> 8, (b << 8) >> 8),
  mad_u32_u24: (a, b, c) => Math.imul(u24(a), u24(b)) + c,
  mad_i32_i24: (a, b, c) => Math.imul((a << 8) >> 8, (b << 8) >> 8) + c,
  mad_u16: (a, b, c) => (Math.imul(a & 0xffff, b & 0xffff) + c) & 0xffff,
  lshlrev_b32: (a, b) => b << (a & 31),
  lshrrev_b32: (a, b) => b >>> (a & 31),
  ashrrev_i32: (a, b) => b >> (a & 31),
  and_b32: (a, b) => a & b,
  or_b32: (a, b) => a | b,
  xor_b32: (a, b) => a ^ b,
  min_u32: (a, b) => Math.min(a >>> 0, b >>> 0),
  max_u32: (a, b) => Math.max(a >>> 0, b >>> 0),
  min_i32: Math.min,
  max_i32: Math.max,
  max3_u32: (a, b, c) => Math.max(a >>> 0, b >>> 0, c >>> 0),
  min3_u32: (a, b, c) => Math.min(a >>> 0, b >>> 0, c >>> 0),
  med3_u32: (a, b, c) => [a >>> 0, b >>> 0, c >>> 0].toSorted((x, y) => x - y)[1],
  bfe_u32: (a, b, c) => field(a >>> (b & 31), c & 31),
  bfe_i32: (a, b, c) => (c & 31 ? (a << (32 - (c & 31) - (b & 31))) >> (32 - (c & 31)) : 0),
  cvt_f32_u32: (a) => floatBits(a >>> 0),
  cvt_f32_i32: (a) => floatBits(a),
  cvt_u32_f32: (a) => Math.max(0, Math.trunc(f(a))),
  cvt_i32_f32: (a) => Math.trunc(f(a)),
  rcp_f32: (a) => floatBits(1 / f(a)),
  rcp_iflag_f32: (a) => floatBits(1 / f(a)),
  mul_f32: (a, b) => floatBits(f(a) * f(b)),
  add_f32: (a, b) => floatBits(f(a) + f(b)),
};

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lg: (a, b) => a !== b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
};

/** An operand, which has a value in each lane. */
interface Source {
  readonly lanes: (wave: Wave) => Int32Array;
  /** Masks of the lanes whose value is known, by half. */
  readonly known: (wave: Wave, half: 0 | 1) => number;
}

function source(operand: string): Source {
  const value = literal(operand);
  const same = new Int32Array(64).fill(value ?? 0);
  if (value !== undefined) return { lanes: () => same, known: () => -1 };
  const place = registersOf(operand);
  if (!place) return { lanes: () => same, known: () => 0 };
  const { first, kind } = place;
  if (kind === 'v') return { lanes: (wave) => wave.lane(first), known: (wave, half) => wave.known[2 * first + half] };
  return {
    lanes: (wave) => (same[0] === (wave.ones[first] | 0) ? same : same.fill(wave.ones[first])),
    known: (wave) => (wave.isKnown(first) ? -1 : 0),
  };
}

/** @param missed is told the names of integer instructions that are not understood, whose results count as unknown */
export function vector(instruction: Instruction, missed: Set<string>): Execute {
  const first = half(instruction, missed);
  if (!instruction.second) return first;
  const second = half(instruction.second, missed);
  // both halves read before either writes
  const written = instruction.operands[0];
  const secondReads = instruction.second.operands.slice(1).includes(written);
  return secondReads ? both(second, first) : both(first, second);
}

const both =
  (first: Execute, second: Execute): Execute =>
  (wave) => {
    first(wave);
    second(wave);
  };

function half({ name, operands, modifiers }: Instruction, missed: Set<string>): Execute {
  const plain = name.replace(/^v_(dual_)?/, '').replace(/_(e32|e64)$/, '');
  const compared = /^cmp(x?)_(eq|ne|lg|gt|ge|lt|le)_([iu])32$/.exec(plain);
  if (compared) return compare(compared[2], compared[3] === 'i', compared[1] === 'x', operands);
  if (/^cmpx?_/.test(plain)) return compareUnknown(plain.startsWith('cmpx'), operands);
  if (plain === 'cndmask_b32') return select(operands);
  if (plain === 'readfirstlane_b32' || plain === 'readlane_b32') return read(operands);
  if (plain === 'mbcnt_lo_u32_b32' || plain === 'mbcnt_hi_u32_b32') return countBelow(plain.includes('lo'), operands);
  if (/^(lshrrev|lshlrev)_b64$/.test(plain) && literal(operands[1]) === 0) return move(operands[0], operands[2]);
  if (plain === 'swap_b32') return both(forget(operands), forget(operands.slice(1)));
  const operation = OPERATIONS[plain];
  const plainOperands = operands.every((each) => !/[|]|^-[vs]/.test(each));
  if (operation && modifiers.length === 0 && plainOperands) return lanes(operation, operands);
  if (/_(u32|i32|b32|u24|i24)$/.test(plain) && !/^(cvt|frexp|ffb|ctz|clz|bcnt|bfrev|perm)/.test(plain) && !operation)
    missed.add(name);
  return forget(operands);
}

function forget(operands: readonly string[]): Execute {
  const place = registersOf(operands[0] ?? '');
  return (wave) => {
    for (let i = 0; i < (place?.count ?? 0); i++) {
      if (place?.kind === 'v') wave.forgetLanes(place.first + i);
      else if (place) wave.forget(place.first + i);
    }
  };
}

const ZERO: Source = source('0');
const results = new Int32Array(64);

/** Writes values into the lanes that may be active. */
function put(wave: Wave, register: number, values: Int32Array): void {
  const to = wave.lane(register);
  for (const word of wave.lanes === 64 ? [0, 1] : [0]) {
    const active = wave.maybe[EXEC + word];
    const first = 32 * word;
    if (active === 0xffffffff) to.set(values.subarray(first, first + 32), first);
    else for (let lane = 0; lane < 32; lane++) if ((active >>> lane) & 1) to[first + lane] = values[first + lane];
  }
}

function lanes(operation: Operation, operands: readonly string[]): Execute {
  const to = registersOf(operands[0])?.first ?? 0;
  const [a, b = ZERO, c = ZERO] = operands.slice(1).map(source);
  return (wave) => {
    const low = a.known(wave, 0) & b.known(wave, 0) & c.known(wave, 0);
    const high = a.known(wave, 1) & b.known(wave, 1) & c.known(wave, 1);
    if ((low | high) !== 0) {
      const [x, y, z] = [a.lanes(wave), b.lanes(wave), c.lanes(wave)];
      for (let lane = 0; lane < wave.lanes; lane++) results[lane] = operation(x[lane], y[lane], z[lane]);
      put(wave, to, results);
    }
    wave.wrote(to, low, high);
  };
}

function move(to: string, from: string): Execute {
  const [target, given] = [registersOf(to), registersOf(from)];
  if (!target || given?.kind !== 'v') return forget([to]);
  return (wave) => {
    for (let i = 0; i < 2; i++) {
      const [read, written] = [given.first + i, target.first + i];
      wave.lane(written).set(wave.lane(read));
      wave.wrote(written, wave.known[2 * read], wave.known[2 * read + 1]);
    }
  };
}

/** Counts the lanes below each lane, all of which exist. */
function countBelow(low: boolean, [to, mask, added]: readonly string[]): Execute {
  const all = literal(mask) === 0xffffffff;
  const counted = lanes((a, b) => a + b, [to, added, '0']);
  const register = registersOf(to)?.first ?? 0;
  if (!all) return forget([to]);
  return (wave) => {
    counted(wave);
    const values = wave.lane(register);
    for (let lane = 0; lane < 64; lane++) values[lane] += low ? Math.min(lane, 32) : Math.max(0, lane - 32);
  };
}

function read([to, from, which = '0']: readonly string[]): Execute {
  const register = registersOf(to)?.first ?? 0;
  const given = source(from);
  const lane = literal(which) ?? 0;
  return (wave) => {
    const word = lane < 32 ? 0 : 1;
    if ((given.known(wave, word) >>> (lane & 31)) & 1) wave.set(register, given.lanes(wave)[lane]);
    else wave.forget(register);
  };
}

function select([to, no, yes, mask = 'vcc']: readonly string[]): Execute {
  const register = registersOf(to)?.first ?? 0;
  const [a, b] = [source(no), source(yes)];
  const chosen = registersOf(mask)?.first ?? VCC;
  return (wave) => {
    const { ones, maybe } = wave;
    const [x, y] = [a.lanes(wave), b.lanes(wave)];
    const known = [0, 0];
    for (const word of [0, 1] as const) {
      const [surely, perhaps] = [ones[chosen + word], maybe[chosen + word]];
      known[word] = (a.known(wave, word) & ~perhaps) | (b.known(wave, word) & surely);
      const first = 32 * word;
      for (let i = 0; i < 32; i++) results[first + i] = (surely >>> i) & 1 ? y[first + i] : x[first + i];
    }
    put(wave, register, results);
    wave.wrote(register, known[0], known[1]);
  };
}

/** The destinations of a comparison's mask: a pair of registers, EXEC, or both. */
function destinations(isExec: boolean, operands: readonly string[]): { to: number[]; from: readonly string[] } {
  if (operands.length < 3) return { to: [EXEC], from: operands };
  const mask = registersOf(operands[0])?.first ?? VCC;
  return { to: isExec && mask !== EXEC ? [mask, EXEC] : [mask], from: operands.slice(1) };
}

function compare(how: string, ofSigned: boolean, isExec: boolean, operands: readonly string[]): Execute {
  const { to, from } = destinations(isExec, operands);
  const [a, b] = from.map(source);
  const test = COMPARE[how];
  return (wave) => {
    const words = wave.lanes === 64 ? ([0, 1] as const) : ([0] as const);
    const masks = words.map((word): [number, number] => {
      const active = wave.maybe[EXEC + word];
      const known = a.known(wave, word) & b.known(wave, word);
      const [x, y] = [a.lanes(wave), b.lanes(wave)];
      let ones = 0;
      for (let i = 0; i < 32; i++) {
        const [left, right] = [x[32 * word + i], y[32 * word + i]];
        if (ofSigned ? test(left, right) : test(left >>> 0, right >>> 0)) ones |= 1 << i;
      }
      ones &= active & known;
      return [ones & wave.ones[EXEC + word], ones | (active & ~known)];
    });
    for (const register of to) masks.forEach(([ones, maybe], word) => wave.setBits(register + word, ones, maybe));
  };
}

function compareUnknown(isExec: boolean, operands: readonly string[]): Execute {
  const { to } = destinations(isExec, operands);
  return (wave) => {
    const words = wave.lanes === 64 ? [0, 1] : [0];
    const active = words.map((word) => wave.maybe[EXEC + word]);
    for (const register of to) active.forEach((maybe, word) => wave.setBits(register + word, 0, maybe));
  };
}
