// Machine code of a kernel by RADV's compiler, read from the layer's listing: instructions, loops, and the registers
// that a wave begins with.

/** The unit that an instruction goes to. */
type Unit = 'valu' | 'salu' | 'smem' | 'vmem' | 'lds' | 'branch' | 'other';

export interface Instruction {
  readonly name: string;
  readonly operands: readonly string[];
  /** Modifiers behind the last operand: `offen`, `offset:16`. */
  readonly modifiers: readonly string[];
  readonly unit: Unit;
  /** Index of the instruction that a branch goes to. */
  readonly target?: number;
  /** The second instruction of a dual issue. */
  readonly second?: Instruction;
}

/** A span of instructions that ends with a branch back to its first one. */
export interface Loop {
  readonly first: number;
  readonly last: number;
}

/** The driver's statistics of a pipeline, by its own names. */
type Statistics = Readonly<Record<string, number>>;

export interface Program {
  readonly statistics: Statistics;
  readonly instructions: readonly Instruction[];
  readonly loops: readonly Loop[];
  /** Lanes of a wave. */
  readonly wave: 32 | 64;
  readonly workgroup: readonly [number, number, number];
  /** Whether a wave gets x, y and z of its workgroup's place in registers. */
  readonly placed: readonly [boolean, boolean, boolean];
  /** Scalar registers for the grid: its three sizes, a pointer to them, or none. */
  readonly gridWords: 0 | 2 | 3;
  /** Scalar registers that are filled when a wave begins. */
  readonly filled: number;
  /** Whether x, y and z of a thread share one register. */
  readonly packedThread: boolean;
  readonly lds: number;
}

/** @param listing a file that the layer wrote */
export function readProgram(listing: string): Program {
  const end = listing.indexOf('\n');
  const statistics = JSON.parse(listing.slice(0, end)) as Statistics;
  const sections = new Map(
    listing
      .slice(end + 1)
      .split(/^==== /m)
      .filter(Boolean)
      .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n') + 1)] as const),
  );
  const nir = sections.get('NIR Shader(s)') ?? '';
  const assembly = sections.get('Assembly') ?? '';
  const ir = sections.get('ACO IR') ?? '';
  const start = /^.*= p_startpgm$/m.exec(ir)?.[0] ?? '';
  const size = /workgroup_size: (\d+), (\d+), (\d+)/.exec(nir)?.slice(1).map(Number) ?? [1, 1, 1];
  const place = /%(\d+) = @load_workgroup_id/.exec(nir)?.[1];
  const uses = (part: string) => place !== undefined && new RegExp(`%${place}\\.${part}\\b`).test(nir);
  const registers = [...start.matchAll(/:s\[(\d+)(?:-(\d+))?\]/g)];
  const instructions = readInstructions(assembly);
  return {
    statistics,
    instructions,
    loops: loopsOf(instructions),
    // vcc_lo may be an ordinary register of a wave of 64, where exec names the lanes
    wave: !/\bexec\b/.test(assembly) && /\bexec_lo\b/.test(assembly) ? 32 : 64,
    workgroup: [size[0], size[1], size[2]],
    placed: [uses('x'), uses('y'), uses('z')],
    gridWords: nir.includes('@load_num_workgroups') ? (isPair(ir, start) ? 2 : 3) : 0,
    filled: registers.length === 0 ? 0 : Number(registers.at(-1)?.[2] ?? registers.at(-1)?.[1]) + 1,
    packedThread: !/:v\[1\]/.test(start),
    lds: statistics['LDS size'] ?? 0,
  };
}

/** Whether the third and fourth scalar registers that a wave begins with are one pointer. */
function isPair(ir: string, start: string): boolean {
  const [third, fourth] = ['3', '4'].map((register) => new RegExp(`%(\\d+):s\\[${register}\\]`).exec(start)?.[1]);
  return new RegExp(`p_create_vector (\\(kill\\))?%${third}, (\\(kill\\))?%${fourth}$`, 'm').test(ir);
}

function readInstructions(assembly: string): Instruction[] {
  const labels = new Map<string, number>();
  const lines: string[] = [];
  for (const line of assembly.split('\n')) {
    const label = /^(BB\d+):/.exec(line)?.[1];
    const repeated = /^\t\(then repeated (\d+) times\)/.exec(line)?.[1];
    if (label) labels.set(label, lines.length);
    else if (repeated) lines.push(...Array.from({ length: Number(repeated) }, () => lines.at(-1) ?? ''));
    else if (/^\t[a-z]/.test(line)) lines.push(line.replace(/\s*;.*/, '').trim());
  }
  return lines.map((line) => {
    const [first, second] = line.split(' :: ');
    const instruction = readInstruction(first);
    const target = instruction.unit === 'branch' ? labels.get(instruction.operands[0]) : undefined;
    return {
      ...instruction,
      ...(target !== undefined && { target }),
      ...(second && { second: readInstruction(second) }),
    };
  });
}

function readInstruction(text: string): Instruction {
  const space = text.indexOf(' ');
  const name = space < 0 ? text : text.slice(0, space);
  const operands = space < 0 ? [] : text.slice(space + 1).split(/,\s*(?![^[]*\])/);
  const [last = '', ...modifiers] = (operands.pop() ?? '').trim().split(/\s+/);
  return { name, operands: last ? [...operands, last] : operands, modifiers, unit: unitOf(name) };
}

function unitOf(name: string): Unit {
  if (name.startsWith('v_')) return name === 'v_nop' ? 'other' : 'valu';
  if (name.startsWith('ds_')) return 'lds';
  if (/^(buffer|global|flat|scratch|image|tbuffer)_/.test(name)) return 'vmem';
  if (/^s_(buffer_)?load_/.test(name)) return 'smem';
  if (/^s_c?branch/.test(name)) return 'branch';
  const idle = /^s_(nop|waitcnt|wait_|delay_alu|clause|inst_prefetch|set_inst|sendmsg|endpgm|barrier|code_end|version)/;
  return idle.test(name) ? 'other' : 'salu';
}

function loopsOf(instructions: readonly Instruction[]): Loop[] {
  const ends = new Map<number, number>();
  instructions.forEach(({ target }, i) => {
    if (target !== undefined && target <= i) ends.set(target, Math.max(i, ends.get(target) ?? 0));
  });
  return Array.from(ends, ([first, last]) => ({ first, last }));
}

/** Loops that contain no other loop. */
export function innermost(loops: readonly Loop[]): Loop[] {
  return loops.filter(
    (loop) => !loops.some((other) => other !== loop && other.first >= loop.first && other.last <= loop.last),
  );
}

/** Multiply-adds of an instruction in each lane, in floating point or on bytes; those of addresses do not count. */
export function multiplyAdds({ name, second }: Instruction): number {
  return ofOne(name) + (second ? ofOne(second.name) : 0);
}

function ofOne(name: string): number {
  if (/^v_(dual_)?(fmac|fma|mac|mad)(ak|mk)?_(f32|f16|legacy|mix)/.test(name) || name.startsWith('v_fma_mix')) return 1;
  if (/^v_pk_(fma|fmac)_f16/.test(name)) return 2;
  const dot = /^v_(?:dual_)?dot(\d)/.exec(name);
  if (dot) return dot[1] === '2' ? 2 : Number(dot[1]);
  return name.startsWith('v_wmma') ? 128 : 0;
}

/** Cycles of the vector unit that an instruction takes, as a multiple of an ordinary one's. */
export const issues = ({ name }: Instruction): number => (name.startsWith('v_wmma') ? 32 : 1);
