// Counts of all kernels on three GPUs that are not there, against those in kernels.json, a kernel a line. A kernel that
// is slower on paper than its line fails; PRONK_WRITE=1 renews the file.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { missing } from '../../../../bench/paper/prepare.mjs';

const FILE = 'src/headless/bench/paper/kernels.json';
const FAMILIES = ['navi31', 'navi21', 'vega10'];
const SHAPE = ['--shape', 'tinyllama-1.1b', '--layers', '1', '--quantize', 'q4'];
/** Arguments of the passes: prefill and decode in two precisions, and a training step. */
const COMMANDS = {
  fast: ['--precision', 'fast', '--prompt-tokens', '256'],
  int8: ['--precision', 'int8', '--prompt-tokens', '256'],
  train: ['--train', '--prompt-tokens', '128'],
};
/** Factor by which an inner loop may grow. */
const GROWTH = 1.1;

/** Beginnings of the labels of kernels with a known fault; an entry without a faulty kernel must be removed. */
const KNOWN = {
  /** Kernels that spill registers. */
  spills: [] as string[],
  /** Kernels whose workgroups have fewer threads than a wave has lanes. */
  narrow: ['matvec', 'rope'],
};

interface Kernel {
  readonly label: string;
  readonly threads: number;
  readonly wave: number;
  readonly registers: number;
  readonly spilled: number;
  readonly shared: number;
  readonly vectorPerWork: number;
  readonly innerPerWork: number;
  readonly bytesPerAccess: number;
  readonly endless: readonly string[];
}

/** Fields of a kernel's line in the file, in order. */
const FIELDS = [
  'threads',
  'wave',
  'registers',
  'spilled',
  'shared',
  'vectorPerWork',
  'innerPerWork',
  'bytesPerAccess',
] as const;

type Kernels = Record<string, Kernel>;

/** All kernels of a family by pass, label, and index among those with one label. */
async function kernelsOn(family: string): Promise<Kernels> {
  const result: Kernels = {};
  for (const [name, command] of Object.entries(COMMANDS)) {
    const argv = ['tools/headless.mjs', 'bench', '--paper', family, ...SHAPE, ...command];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { maxBuffer: 1 << 26 });
    const passes = JSON.parse(stdout) as Record<string, { kernels?: readonly Kernel[] }>;
    for (const [pass, { kernels = [] }] of Object.entries(passes)) {
      const seen = new Map<string, number>();
      for (const kernel of kernels) {
        const before = seen.get(kernel.label) ?? 0;
        seen.set(kernel.label, before + 1);
        result[`${family} ${name} ${pass} ${kernel.label}${before > 0 ? ` #${before + 1}` : ''}`] = kernel;
      }
    }
  }
  return result;
}

type Line = readonly number[];

/** The fault of a kernel beside its line of the file; undefined where there is none. */
function fault(kernel: Kernel, line: Line | undefined): string | undefined {
  if (!line) return 'has no line yet';
  const before = line[FIELDS.indexOf('innerPerWork')];
  if (kernel.innerPerWork > before * GROWTH)
    return `has ${kernel.innerPerWork} instructions in its loop, before ${before}`;
  return undefined;
}

/** The file's text, where a kernel's numbers are one string, which no formatter breaks. */
const text = (lines: Readonly<Record<string, Line>>) => {
  const entries = Object.entries(lines).map(([key, line]) => [key, line.join(' ')]);
  return `${JSON.stringify({ fields: FIELDS.join(' '), ...Object.fromEntries(entries) }, null, 2)}\n`;
};

/** The kernels of the file. */
function readLines(): Record<string, Line> {
  const { fields: _, ...rows } = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string>;
  return Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, row.split(' ').map(Number)]));
}

const why = missing();
if (why) console.warn(why);

describe.skipIf(why)('kernels on paper (skipped without Mesa 25, a C compiler and Vulkan headers)', () => {
  const kernels: Kernels = {};
  let lines: Record<string, Line> = {};

  beforeAll(async () => {
    for (const family of FAMILIES) Object.assign(kernels, await kernelsOn(family));
    const entries = Object.entries(kernels).map(
      ([key, kernel]) => [key, FIELDS.map((field) => kernel[field])] as const,
    );
    if (process.env['PRONK_WRITE']) writeFileSync(FILE, text(Object.fromEntries(entries)));
    lines = readLines();
  }, 240_000);

  /** Differences from the list of a fault: kernels that are not on it, and entries that no kernel needs. */
  const against = (known: readonly string[], holds: (kernel: Kernel) => boolean) => {
    const labels = [
      ...new Set(
        Object.values(kernels)
          .filter(holds)
          .map(({ label }) => label),
      ),
    ];
    return {
      others: labels.filter((label) => !known.some((start) => label.startsWith(start))),
      needless: known.filter((start) => !labels.some((label) => label.startsWith(start))),
    };
  };

  it('spills no registers', () => {
    expect(against(KNOWN.spills, ({ spilled }) => spilled > 0)).toEqual({ others: [], needless: [] });
  });

  it('fills its waves', () => {
    expect(against(KNOWN.narrow, ({ threads, wave }) => threads < wave)).toEqual({ others: [], needless: [] });
  });

  it('has loops whose ends are found', () => {
    expect(Object.values(kernels).flatMap(({ endless }) => endless)).toEqual([]);
  });

  it('has inner loops that have not grown (renew kernels.json with PRONK_WRITE=1 where they should)', () => {
    const faults = Object.entries(kernels).flatMap(([key, kernel]) => {
      const found = fault(kernel, lines[key]);
      return found ? [`${key} ${found}`] : [];
    });
    expect(faults).toEqual([]);
    expect(Object.keys(lines).filter((key) => !kernels[key])).toEqual([]);
  });

  it('would tell a loop that grew, and a kernel without a line', () => {
    const [key, kernel] = Object.entries(kernels)[0];
    const grown = { ...kernel, innerPerWork: kernel.innerPerWork * 1.11 };
    expect(fault(grown, lines[key])).toMatch(/in its loop/);
    expect(fault(kernel, undefined)).toMatch(/no line/);
  });
});
