// The cost of a dispatch on paper: counts from its machine code and grid, and from them, with the published figures of
// a card, a lower bound of its time. The bound is a model, not a measurement.
import { createHash } from 'node:crypto';
import { type Instruction, innermost, issues, multiplyAdds, type Program } from './assembly';
import { type Executed, Simulated } from './execute';
import { CACHE_BYTES, type Family, SHARED_BYTES } from './families';
import { width } from './memory';
import type { Dispatch } from './record';

/**
 * Places in the grid of the workgroups that are executed, as shares of each axis: the middle, one before and one
 * behind.
 */
const SAMPLED = [0.5, 0.25, 0.75];
/** Instructions of a workgroup beyond which only the one in the middle is executed. */
const MANY = 2e5;

/** Counts of one dispatch. */
export interface Counts {
  readonly label: string;
  readonly grid: readonly number[];
  readonly threads: number;
  readonly wave: number;
  readonly registers: number;
  readonly wavesPerSimd: number;
  readonly spilled: number;
  readonly scratch: number;
  /** Bytes of shared memory that a workgroup has. */
  readonly shared: number;
  readonly waves: number;
  /** Issued vector instructions, times the lanes of a wave. */
  readonly vector: number;
  /** Multiply-adds among `vector`. */
  readonly multiplyAdds: number;
  /** Vector instructions of the innermost loop that has the most, counted as `vector`. */
  readonly inner: number;
  /** Multiply-adds of the innermost loop, as `multiplyAdds` counts them. */
  readonly innerMultiplyAdds: number;
  readonly dual: number;
  /** Bytes that a lane moves with an instruction, on average. */
  readonly bytesPerAccess: number;
  /** Bytes that lanes ask memory and shared memory for. */
  readonly memoryBytes: number;
  readonly sharedBytes: number;
  /** Branches whose direction was assumed, since only data decides it. */
  readonly assumed: number;
  readonly endless: readonly string[];
  /** Names of instructions that the model does not know. */
  readonly missed: readonly string[];
  /** Multiply-adds that the op needs (weights times tokens in a product); words moved where it multiplies nothing. */
  readonly work: number;
  readonly bytes: number;
}

/** Counts dispatches; equal ones are executed once. */
export class Counter {
  readonly #simulated = new Map<string, Simulated>();
  readonly #counts = new Map<string, Counts>();

  counts(dispatch: Dispatch): Counts {
    const { listing, grid, contents, cost, label } = dispatch;
    const hash = createHash('sha1')
      .update(`${label} ${grid.join()} ${JSON.stringify(cost)}`)
      .update(listing);
    for (const words of contents) hash.update(words ?? 'unknown');
    const key = hash.digest('hex');
    const known = this.#counts.get(key);
    if (known) return known;
    const kernel = this.#simulated.get(listing) ?? new Simulated(listing);
    this.#simulated.set(listing, kernel);
    const places = SAMPLED.map((at) => grid.map((size) => Math.floor(at * size)));
    const counted = count(dispatch, kernel.program, kernel.run(places, grid, contents, MANY));
    this.#counts.set(key, counted);
    return counted;
  }
}

function count({ label, grid, cost }: Dispatch, program: Program, executed: Executed): Counts {
  const { instructions, statistics, wave, workgroup, loops } = program;
  const scale = (grid[0] * grid[1] * grid[2]) / executed.workgroups;
  const sum = (of: (each: Instruction, i: number) => number, first = 0, last = instructions.length - 1) => {
    let total = 0;
    for (let i = first; i <= last; i++) total += of(instructions[i], i);
    return total * scale;
  };
  const ofUnit =
    (unit: Instruction['unit'], of: (each: Instruction, i: number) => number) => (each: Instruction, i: number) =>
      each.unit === unit ? of(each, i) : 0;
  const issued = (each: Instruction, i: number) => executed.counts[i] * issues(each) * wave;
  const vector = ofUnit('valu', issued);
  const fma = ofUnit('valu', (each, i) => (multiplyAdds(each) > 0 ? issued(each, i) : 0));
  const hottest = innermost(loops)
    .map(({ first, last }) => ({ first, last, total: sum(vector, first, last) }))
    .toSorted((a, b) => b.total - a.total)[0] ?? { first: 0, last: instructions.length - 1 };
  const accesses = sum(ofUnit('vmem', (_, i) => executed.counts[i]));
  return {
    label,
    grid,
    threads: workgroup[0] * workgroup[1] * workgroup[2],
    wave,
    registers: statistics['VGPRs'] ?? 0,
    wavesPerSimd: statistics['Subgroups per SIMD'] ?? 0,
    spilled: (statistics['Spilled VGPRs'] ?? 0) + (statistics['Spilled SGPRs'] ?? 0),
    scratch: statistics['Scratch size'] ?? 0,
    shared: statistics['LDS size'] ?? 0,
    waves: executed.waves * scale,
    vector: sum(vector),
    multiplyAdds: sum(fma),
    inner: sum(vector, hottest.first, hottest.last),
    innerMultiplyAdds: sum(fma, hottest.first, hottest.last),
    dual: sum(ofUnit('valu', (each, i) => (each.second ? issued(each, i) : 0))),
    bytesPerAccess:
      accesses === 0 ? 0 : sum(ofUnit('vmem', (each, i) => executed.counts[i] * width(each.name))) / accesses,
    memoryBytes: sum(ofUnit('vmem', (_, i) => executed.bytes[i])),
    sharedBytes: sum(ofUnit('lds', (_, i) => executed.bytes[i])),
    assumed: executed.assumed,
    endless: [...executed.endless],
    missed: [...executed.missed],
    work: cost.flops > 0 ? cost.flops / 2 : cost.bytes / 4,
    bytes: cost.bytes,
  };
}

/** Lower bounds of a dispatch's time in seconds, by the unit that limits it. */
interface Bound {
  readonly memory: number;
  readonly vector: number;
  readonly shared: number;
  readonly cache: number;
  /** The largest of the bounds. */
  readonly seconds: number;
}

/** The bound of a dispatch on a card. A workgroup stays on one compute unit, and the fullest unit ends last. */
function bound(counts: Counts, { units, simds, lanes, clock, bandwidth }: Family): Bound {
  const workgroups = counts.grid.reduce((all, each) => all * each, 1);
  const onOne = Math.ceil(workgroups / units);
  const wavesOnOne = Math.ceil((onOne * counts.waves) / workgroups / simds);
  const share = onOne / workgroups;
  const memory = counts.bytes / bandwidth;
  const vector = (wavesOnOne * counts.vector) / counts.waves / (lanes * clock);
  const shared = (share * counts.sharedBytes) / (SHARED_BYTES * clock);
  const cache = (share * counts.memoryBytes) / (CACHE_BYTES * clock);
  return { memory, vector, shared, cache, seconds: Math.max(memory, vector, shared, cache) };
}

/** Dispatches of one kernel and one grid in a pass, with the means of their counts and bounds. */
export interface KernelOnPaper {
  readonly counts: Counts;
  readonly dispatches: number;
  readonly bound: Bound;
}

/** Groups dispatches by kernel and grid, in the order in which they come first. */
export function together(all: readonly Counts[], family: Family): KernelOnPaper[] {
  const groups = new Map<string, Counts[]>();
  for (const counts of all) {
    const key = `${counts.label} ${counts.grid.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), counts]);
  }
  return Array.from(groups.values(), (alike) => ({
    counts: mean(alike),
    dispatches: alike.length,
    bound: mean(alike.map((counts) => bound(counts, family))),
  }));
}

/** The mean of each number, with the first object's other fields. */
function mean<T extends object>(all: readonly T[]): T {
  const [first] = all;
  const entries = Object.entries(first).map(([name, value]) => {
    if (typeof value !== 'number') return [name, value];
    return [name, all.reduce((sum, each) => sum + (each as Record<string, number>)[name], 0) / all.length];
  });
  return Object.fromEntries(entries) as T;
}
