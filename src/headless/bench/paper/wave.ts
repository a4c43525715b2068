// The registers of one wave, whose bits are 0, 1 or unknown, since memory's contents are not known on paper. Branches
// and loops mostly depend on sizes and places, which are known.

/** Indices of the special registers behind s0 to s105. */
export const VCC = 106;
export const EXEC = 126;
const NULL = 128;
export const SCC = 129;

/** The target of a pointer in scalar registers. */
export type Handle =
  | { readonly kind: 'set' }
  | { readonly kind: 'grid' }
  | { readonly kind: 'buffer'; readonly index: number };

const SPECIAL: Readonly<Record<string, number>> = {
  vcc_lo: VCC,
  vcc_hi: VCC + 1,
  vcc: VCC,
  m0: 124,
  exec_lo: EXEC,
  exec_hi: EXEC + 1,
  exec: EXEC,
  null: NULL,
  src_scc: SCC,
  scc: SCC,
};

export class Wave {
  readonly lanes: 32 | 64;
  /** Bits of scalar registers that are surely set. */
  readonly ones = new Uint32Array(130);
  /** Bits of scalar registers that may be set. */
  readonly maybe = new Uint32Array(130).fill(0xffffffff);
  readonly handles: (Handle | undefined)[] = [];
  readonly vector: Int32Array[] = [];
  /** Masks of the lanes whose value is known, two words a register. */
  readonly known = new Uint32Array(2 * 512);
  /** Whether SCC tells that lanes are left, and not how two numbers compare. */
  sccOfLanes = false;
  at = 0;
  done = false;
  /** Number of executed instructions. */
  steps = 0;
  /** Times that a wave reached each branch that data decides. */
  readonly taken = new Map<number, number>();

  constructor(lanes: 32 | 64, threads: number) {
    this.lanes = lanes;
    this.maybe[NULL] = 0;
    const active = Math.min(lanes, threads);
    this.set(EXEC, active >= 32 ? 0xffffffff : 2 ** active - 1);
    this.set(EXEC + 1, active <= 32 ? 0 : active === 64 ? 0xffffffff : 2 ** (active - 32) - 1);
  }

  set(register: number, value: number): void {
    this.setBits(register, value, value);
  }

  setBits(register: number, ones: number, maybe: number): void {
    if (register === NULL) return;
    this.ones[register] = ones;
    this.maybe[register] = maybe;
    this.handles[register] = undefined;
  }

  forget(register: number): void {
    this.setBits(register, 0, 0xffffffff);
  }

  isKnown(register: number): boolean {
    return this.ones[register] === this.maybe[register];
  }

  setScc(value: boolean | undefined, ofLanes = false): void {
    this.setBits(SCC, value ? 1 : 0, value === false ? 0 : 1);
    this.sccOfLanes = ofLanes;
  }

  lane(register: number): Int32Array {
    return (this.vector[register] ??= new Int32Array(64));
  }

  /**
   * Records which active lanes of a vector register are known after a write; lanes that may be active count as active.
   */
  wrote(register: number, low: number, high: number): void {
    const { known, maybe } = this;
    known[2 * register] = (known[2 * register] & ~maybe[EXEC]) | (low & maybe[EXEC]);
    known[2 * register + 1] = (known[2 * register + 1] & ~maybe[EXEC + 1]) | (high & maybe[EXEC + 1]);
  }

  forgetLanes(register: number): void {
    this.wrote(register, 0, 0);
  }
}

/** Indices of the registers that an operand names; undefined for a number. */
export function registersOf(operand: string): { kind: 's' | 'v'; first: number; count: number } | undefined {
  const one = /^([sv])(\d+)$/.exec(operand);
  if (one) return { kind: one[1] as 's', first: Number(one[2]), count: 1 };
  const several = /^([sv])\[(\d+):(\d+)\]$/.exec(operand);
  if (several) {
    return { kind: several[1] as 's', first: Number(several[2]), count: Number(several[3]) - Number(several[2]) + 1 };
  }
  const special = SPECIAL[operand];
  return special === undefined
    ? undefined
    : { kind: 's', first: special, count: operand === 'vcc' || operand === 'exec' ? 2 : 1 };
}

const bits = new DataView(new ArrayBuffer(4));

/** The bits of a number in an operand's text; undefined for any other text. */
export function literal(operand: string): number | undefined {
  if (/^-?(0x[0-9a-f]+|\d+)$/i.test(operand)) {
    const value = operand.startsWith('-') ? -Number(operand.slice(1)) : Number(operand);
    return value >>> 0;
  }
  if (!/^-?\d*\.\d+$/.test(operand)) return undefined;
  return floatBits(Number(operand)) >>> 0;
}

export function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

export function bitsFloat(value: number): number {
  bits.setInt32(0, value);
  return bits.getFloat32(0);
}
