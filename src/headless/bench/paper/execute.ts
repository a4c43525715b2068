// Execution of a few workgroups of a dispatch on paper, instruction by instruction, to count what is executed. Data is
// unknown: where a branch depends on it, both sides count, and a loop that only data ends counts as ASSUMED_TRIPS.
import { type Instruction, type Program, readProgram } from './assembly';
import { Memory, type Contents } from './memory';
import { scalar } from './scalar';
import { vector } from './vector';
import { EXEC, SCC, VCC, Wave } from './wave';

/** Assumed trips of a loop whose end depends on data: a bisection of the bits of a float takes 30. */
const ASSUMED_TRIPS = 32;
/** Most trips of a loop that runs until no lane is left, where data decides which lanes are. */
const MOST_TRIPS = 4096;
const MOST_INSTRUCTIONS = 3e7;

export interface Executed {
  /** Times that each instruction was issued, by all waves. */
  readonly counts: Float64Array;
  /** Bytes that each instruction moved, by all lanes. */
  readonly bytes: Float64Array;
  readonly workgroups: number;
  readonly waves: number;
  /** Number of branches of loops whose direction was assumed. */
  readonly assumed: number;
  /** Loops whose end was not found. */
  readonly endless: ReadonlySet<string>;
  /** Names of instructions whose result counts as unknown. */
  readonly missed: ReadonlySet<string>;
}

type Execute = (wave: Wave, memory: Memory, at: number) => void;
const nothing: Execute = () => {};

/** A kernel that can be executed on paper. */
export class Simulated {
  readonly program: Program;
  readonly #executes: Execute[];
  readonly #missed = new Set<string>();

  constructor(listing: string) {
    this.program = readProgram(listing);
    this.#executes = this.program.instructions.map((each) => this.#ready(each));
  }

  #ready(instruction: Instruction): Execute {
    const { unit } = instruction;
    if (unit === 'salu') return scalar(instruction, this.#missed);
    if (unit === 'valu') return vector(instruction, this.#missed);
    if (unit === 'smem') return Memory.scalarLoad(instruction);
    if (unit === 'vmem') return Memory.access(instruction);
    if (unit === 'lds') return Memory.local(instruction);
    return nothing;
  }

  /** @param places of workgroups to go through, each its x, y and z @param enough instructions after which no other is */
  run(places: readonly (readonly number[])[], grid: readonly number[], contents: Contents, enough: number): Executed {
    const { instructions } = this.program;
    const counts = new Float64Array(instructions.length);
    const bytes = new Float64Array(instructions.length);
    let waves = 0;
    let assumed = 0;
    let steps = 0;
    let workgroups = 0;
    const endless = new Set<string>();
    for (const place of places) {
      if (steps > enough) break;
      workgroups++;
      const memory = new Memory(this.program.lds, contents, grid, bytes);
      const running = this.#begin(place, grid);
      waves += running.length;
      while (running.some((wave) => !wave.done)) {
        for (const wave of running) if (!wave.done) assumed += this.#untilBarrier(wave, memory, counts, endless);
      }
      steps += running.reduce((sum, wave) => sum + wave.steps, 0);
    }
    return { counts, bytes, workgroups, waves, assumed, endless, missed: this.#missed };
  }

  /** The waves of a workgroup, with the registers that the driver fills. */
  #begin(place: readonly number[], grid: readonly number[]): Wave[] {
    const { wave: lanes, workgroup, placed, gridWords, filled } = this.program;
    const threads = workgroup[0] * workgroup[1] * workgroup[2];
    return Array.from({ length: Math.ceil(threads / lanes) }, (_, index) => {
      const wave = new Wave(lanes, threads - index * lanes);
      wave.set(2, 0);
      wave.handles[2] = { kind: 'set' };
      let next = 3;
      for (let i = 0; i < gridWords; i++) {
        if (gridWords === 3) wave.set(next + i, grid[i]);
        else wave.handles[next + i] = { kind: 'grid' };
      }
      next += gridWords;
      for (const axis of [0, 1, 2]) if (placed[axis]) wave.set(next++, place[axis]);
      if (next < filled) wave.set(next, Math.ceil(threads / lanes) | (index << 6));
      this.#threads(wave, index * lanes);
      return wave;
    });
  }

  #threads(wave: Wave, first: number): void {
    const { workgroup, packedThread } = this.program;
    const values = [0, 1, 2].map((axis) => wave.lane(axis));
    for (let lane = 0; lane < wave.lanes; lane++) {
      const thread = first + lane;
      const x = thread % workgroup[0];
      const y = Math.floor(thread / workgroup[0]) % workgroup[1];
      const z = Math.floor(thread / (workgroup[0] * workgroup[1]));
      const each = packedThread ? [x | (y << 10) | (z << 20)] : [x, y, z];
      each.forEach((value, axis) => (values[axis][lane] = value));
    }
    for (const axis of packedThread ? [0] : [0, 1, 2]) wave.known.fill(0xffffffff, 2 * axis, 2 * axis + 2);
  }

  /** Executes a wave up to a barrier or its end; gives the number of branches of loops that were assumed. */
  #untilBarrier(wave: Wave, memory: Memory, counts: Float64Array, ends: Set<string>): number {
    const { instructions } = this.program;
    let assumed = 0;
    for (;;) {
      const { at } = wave;
      const instruction = instructions[at];
      const endless = wave.steps++ > MOST_INSTRUCTIONS;
      if (endless) ends.add(`no end of the loop at ${at}`);
      if (endless || !instruction || instruction.name === 's_endpgm') {
        wave.done = true;
        return assumed;
      }
      counts[at]++;
      wave.at = at + 1;
      if (instruction.name === 's_barrier') return assumed;
      if (instruction.unit !== 'branch') {
        this.#executes[at](wave, memory, at);
        continue;
      }
      const goes = branches(instruction, wave);
      if (goes === undefined && this.#ofLoop(at)) assumed++;
      if (goes ?? this.#assume(at, wave)) wave.at = instruction.target ?? at + 1;
    }
  }

  /** Whether a branch repeats a loop, or leaves one. */
  #ofLoop(at: number): boolean {
    const target = this.program.instructions[at].target ?? at;
    const { loops } = this.program;
    return target <= at || loops.some(({ first, last }) => first <= at && at <= last && target > last);
  }

  /** Whether a branch that data decides is assumed to be taken. */
  #assume(at: number, wave: Wave): boolean {
    const target = this.program.instructions[at].target ?? at;
    const count = (wave.taken.get(at) ?? 0) + 1;
    const leaves = this.#ofLoop(at);
    wave.taken.set(at, count);
    if (target <= at) return count % ASSUMED_TRIPS !== 0;
    // a loop over lanes that may be left goes on: most such loops have another end, which is known
    return leaves && count % (wave.sccOfLanes ? MOST_TRIPS : ASSUMED_TRIPS) === 0;
  }
}

/** Whether a branch is taken; undefined where data decides. */
function branches({ name }: Instruction, wave: Wave): boolean | undefined {
  const lanes = (register: number) =>
    wave.maybe[register] !== 0 || (wave.lanes === 64 && wave.maybe[register + 1] !== 0);
  switch (name) {
    case 's_branch':
      return true;
    case 's_cbranch_execz':
      return !lanes(EXEC);
    case 's_cbranch_execnz':
      return lanes(EXEC);
    case 's_cbranch_vccz':
      return !lanes(VCC);
    case 's_cbranch_vccnz':
      return lanes(VCC);
    default:
      return wave.isKnown(SCC) ? (wave.ones[SCC] !== 0) === name.endsWith('1') : undefined;
  }
}
