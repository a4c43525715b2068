// Scalar instructions as functions over a wave's registers.
import type { Instruction } from './assembly';
import { EXEC, literal, registersOf, SCC, type Wave } from './wave';

/** A word of three-valued bits, as a mask of those that are surely set and of those that may be. */
type Bits = readonly [ones: number, maybe: number];
type Execute = (wave: Wave) => void;

const UNKNOWN: Bits = [0, 0xffffffff];

/** A function that reads the low or the high word of an operand. */
function reader(operand: string, half: 0 | 1 = 0): (wave: Wave) => Bits {
  const value = literal(operand);
  if (value !== undefined) {
    const word = half === 0 ? value : operand.startsWith('-') ? 0xffffffff : 0;
    return () => [word, word];
  }
  const place = registersOf(operand);
  if (place?.kind !== 's') return () => UNKNOWN;
  const register = place.first + (place.count > 1 ? half : 0);
  if (half === 1 && place.count === 1) return () => [0, 0];
  return ({ ones, maybe }) => [ones[register], maybe[register]];
}

const LOGIC: Readonly<Record<string, (a: Bits, b: Bits) => Bits>> = {
  and: ([a, A], [b, B]) => [a & b, A & B],
  or: ([a, A], [b, B]) => [a | b, A | B],
  xor: ([a, A], [b, B]) => [(a & ~B) | (b & ~A), (A | B) & ~(a & b)],
  andn2: ([a, A], [b, B]) => [a & ~B, A & ~b],
  andn1: ([a, A], [b, B]) => [~A & b, ~a & B],
  orn2: ([a, A], [b, B]) => [a | ~B, A | ~b],
  orn1: ([a, A], [b, B]) => [~A | b, ~a | B],
  nand: ([a, A], [b, B]) => [~(A & B), ~(a & b)],
  nor: ([a, A], [b, B]) => [~(A | B), ~(a | b)],
  xnor: ([a, A], [b, B]) => [~((A | B) & ~(a & b)), ~((a & ~B) | (b & ~A))],
};
const RENAMED: Readonly<Record<string, string>> = {
  and_not1: 'andn2',
  and_not0: 'andn1',
  or_not1: 'orn2',
  or_not0: 'orn1',
};

type Number2 = (a: number, b: number, scc: number) => number | readonly [result: number, scc: boolean];
const high = (a: number, b: number) => Number((BigInt(a) * BigInt(b)) >> 32n);
const signed = (a: number) => a | 0;

/** Arithmetic on known words; the second result is SCC, for instructions that set it. */
const ARITHMETIC: Readonly<Record<string, Number2>> = {
  s_add_u32: (a, b) => [a + b, a + b > 0xffffffff],
  s_add_co_u32: (a, b) => [a + b, a + b > 0xffffffff],
  s_addc_u32: (a, b, c) => [a + b + c, a + b + c > 0xffffffff],
  s_sub_u32: (a, b) => [a - b, a < b],
  s_subb_u32: (a, b, c) => [a - b - c, a < b + c],
  s_add_i32: (a, b) => [a + b, signed(a) + signed(b) !== ((a + b) | 0)],
  s_sub_i32: (a, b) => [a - b, signed(a) - signed(b) !== ((a - b) | 0)],
  s_mul_i32: (a, b) => Math.imul(a, b),
  s_mul_hi_u32: high,
  s_min_u32: (a, b) => [Math.min(a, b), a < b],
  s_max_u32: (a, b) => [Math.max(a, b), a >= b],
  s_min_i32: (a, b) => [Math.min(signed(a), signed(b)), signed(a) < signed(b)],
  s_max_i32: (a, b) => [Math.max(signed(a), signed(b)), signed(a) >= signed(b)],
  s_lshl_b32: (a, b) => nonzero(a << (b & 31)),
  s_lshr_b32: (a, b) => nonzero(a >>> (b & 31)),
  s_ashr_i32: (a, b) => nonzero(signed(a) >> (b & 31)),
  s_lshl1_add_u32: (a, b) => 2 * a + b,
  s_lshl2_add_u32: (a, b) => 4 * a + b,
  s_lshl3_add_u32: (a, b) => 8 * a + b,
  s_lshl4_add_u32: (a, b) => 16 * a + b,
  s_bfm_b32: (a, b) => (2 ** (a & 31) - 1) * 2 ** (b & 31),
  s_bfe_u32: (a, b) => {
    const width = (b >>> 16) & 127;
    return nonzero((a >>> (b & 31)) & (width >= 32 ? 0xffffffff : 2 ** width - 1));
  },
  s_bfe_i32: (a, b) => {
    const width = (b >>> 16) & 127;
    const place = b & 31;
    return nonzero(width === 0 ? 0 : (a << Math.max(0, 32 - width - place)) >> Math.max(0, 32 - width));
  },
  s_sext_i32_i8: (a) => (a << 24) >> 24,
  s_sext_i32_i16: (a) => (a << 16) >> 16,
  s_pack_ll_b32_b16: (a, b) => (a & 0xffff) | (b << 16),
  s_pack_lh_b32_b16: (a, b) => (a & 0xffff) | (b & 0xffff0000),
  s_pack_hh_b32_b16: (a, b) => (a >>> 16) | (b & 0xffff0000),
};
/** Results are words, from the lowest on; those of one word set SCC where they are not 0, as those of two do. */
const WIDE: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  s_bfm_b64: (a, b) => ((1n << (a & 63n)) - 1n) << (b & 63n),
  s_lshl_b64: (a, b) => a << (b & 63n),
  s_lshr_b64: (a, b) => a >> (b & 63n),
  s_bcnt1_i32_b64: (a) => BigInt([...a.toString(2)].filter((bit) => bit === '1').length),
  s_bcnt1_i32_b32: (a) => BigInt([...a.toString(2)].filter((bit) => bit === '1').length),
  s_ff1_i32_b64: firstSet,
  s_ff1_i32_b32: firstSet,
  s_ctz_i32_b64: firstSet,
  s_ctz_i32_b32: firstSet,
};

function firstSet(a: bigint): bigint {
  return a === 0n ? 0xffffffffn : BigInt((a & -a).toString(2).length - 1);
}

const nonzero = (value: number): [number, boolean] => [value, value >>> 0 !== 0];

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  lg: (a, b) => a !== b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
};

/** @param missed is told the names of instructions that are not understood, whose results count as unknown */
export function scalar(instruction: Instruction, missed: Set<string>): Execute {
  const { name, operands } = instruction;
  const logic = /^s_(.+?)(_saveexec|_wrexec)?_b(32|64)$/.exec(name);
  const operation = logic && (RENAMED[logic[1]] ?? logic[1]);
  if (
    logic &&
    operation &&
    (LOGIC[operation] || operation === 'mov' || operation === 'not' || operation === 'cselect')
  ) {
    return bitwise(operation, logic[2], logic[3] === '64' ? 2 : 1, operands);
  }
  const compared = /^s_cmpk?_(eq|lg|gt|ge|lt|le)_([iu])(32|64)$/.exec(name);
  if (compared) return compare(compared[1], compared[2] === 'i', operands);
  if (name === 's_movk_i32') return constant(operands[0], extended(operands[1]));
  const immediate = /^s_(add|mul)k_i32$/.exec(name);
  if (immediate) {
    const by = String(extended(operands[1]));
    return arithmetic(ARITHMETIC[`s_${immediate[1]}_i32`], [operands[0], operands[0], by]);
  }
  const wide = WIDE[name];
  if (wide) return wideArithmetic(wide, operands);
  const known = ARITHMETIC[name];
  if (known) return arithmetic(known, operands);
  if (/^s_(bitcmp|cmp)/.test(name)) {
    if (name.startsWith('s_bitcmp')) missed.add(name);
    return (wave) => wave.setScc(undefined);
  }
  if (!/^s_(flbit|clz|cvt|fmac|fma|.*_f32|getreg|setreg)/.test(name)) missed.add(name);
  const place = registersOf(operands[0] ?? '');
  return (wave) => {
    if (place?.kind === 's') for (let i = 0; i < place.count; i++) wave.forget(place.first + i);
    wave.setScc(undefined);
  };
}

const extended = (operand: string) => ((literal(operand) ?? 0) << 16) >> 16;

function constant(operand: string, value: number): Execute {
  const register = registersOf(operand)?.first ?? 0;
  return (wave) => wave.set(register, value);
}

function arithmetic(operation: Number2, [to, ...from]: readonly string[]): Execute {
  const register = registersOf(to)?.first ?? 0;
  const [a, b = a] = from.map((operand) => reader(operand));
  return (wave) => {
    const [x, X] = a(wave);
    const [y, Y] = b(wave);
    const carry = wave.ones[SCC];
    const sccKnown = wave.isKnown(SCC);
    if (x !== X || y !== Y || (!sccKnown && operation.length > 2)) {
      wave.forget(register);
      wave.setScc(undefined);
      return;
    }
    const result = operation(x >>> 0, y >>> 0, carry);
    wave.set(register, typeof result === 'number' ? result : result[0]);
    if (typeof result !== 'number') wave.setScc(result[1]);
  };
}

function wideArithmetic(operation: (a: bigint, b: bigint) => bigint, [to, ...from]: readonly string[]): Execute {
  const place = registersOf(to);
  const readers = from.map((operand) => [reader(operand), reader(operand, 1)]);
  return (wave) => {
    const words = readers.map((halves) => halves.map((read) => read(wave)));
    const isKnown = words.flat().every(([ones, maybe]) => ones === maybe);
    const values = words.map(([[low], [high]]) => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
    const result = isKnown ? operation(values[0], values[1] ?? 0n) : undefined;
    for (let i = 0; i < (place?.count ?? 0); i++) {
      const register = (place?.first ?? 0) + i;
      if (result === undefined) wave.forget(register);
      else wave.set(register, Number((result >> BigInt(32 * i)) & 0xffffffffn));
    }
    wave.setScc(result === undefined ? undefined : result !== 0n);
  };
}

function compare(how: string, ofSigned: boolean, operands: readonly string[]): Execute {
  const [a, b] = operands.map((operand) => reader(operand));
  const test = COMPARE[how];
  return (wave) => {
    const [x, X] = a(wave);
    const [y, Y] = b(wave);
    if (x !== X || y !== Y) wave.setScc(undefined);
    else wave.setScc(ofSigned ? test(x | 0, y | 0) : test(x >>> 0, y >>> 0));
  };
}

/** Bitwise instructions, moves and selections of one or two words, with EXEC where the instruction names it. */
function bitwise(operation: string, exec: string | undefined, words: number, operands: readonly string[]): Execute {
  const to = registersOf(operands[0])?.first ?? 0;
  const halves = ([0, 1] as const).slice(0, words);
  const from = halves.map((half) => operands.slice(1).map((operand) => reader(operand, half)));
  const ofExec = halves.map((half): ((wave: Wave) => Bits) => ({ ones, maybe }) => [
    ones[EXEC + half],
    maybe[EXEC + half],
  ]);
  const ofLanes = words === 2 || exec !== undefined || operands.some((each) => /^(exec|vcc)/.test(each));
  const copied = operation === 'mov' ? registersOf(operands[1]) : undefined;
  return (wave) => {
    const results = halves.map((half): Bits => {
      const [a, b] = from[half];
      if (operation === 'mov') return a(wave);
      if (operation === 'not') return LOGIC['xor'](a(wave), [0xffffffff, 0xffffffff]);
      if (operation === 'cselect') return select(wave, a(wave), b(wave));
      return LOGIC[operation](a(wave), exec ? ofExec[half](wave) : b(wave));
    });
    const before = halves.map((half) => ofExec[half](wave));
    const handles = copied?.kind === 's' ? halves.map((half) => wave.handles[copied.first + half]) : [];
    for (const half of halves) {
      const [ones, maybe] = exec === '_saveexec' ? before[half] : results[half];
      wave.setBits(to + half, ones, maybe);
      if (handles[half]) wave.handles[to + half] = handles[half];
      if (exec) wave.setBits(EXEC + half, results[half][0], results[half][1]);
    }
    if (operation === 'mov' || operation === 'cselect') return;
    const surely = results.some(([ones]) => ones !== 0);
    const perhaps = results.some(([, maybe]) => maybe !== 0);
    wave.setScc(surely ? true : perhaps ? undefined : false, ofLanes);
  };
}

function select(wave: Wave, a: Bits, b: Bits): Bits {
  if (wave.isKnown(SCC)) return wave.ones[SCC] ? a : b;
  return [a[0] & b[0], a[1] | b[1]];
}
