// Chooses among kernel shapes of one precision by measured time: each question has a few answers, the first of which is
// the fixed table's. Another one replaces it only if it was clearly faster, so that noise changes nothing.
import type { DotShape, FlashShape, KernelTarget, LinearShape } from './tuning';

/** A kernel target with one shape that a device may be given. */
export interface Answer {
  readonly name: string;
  readonly target: KernelTarget;
}

/** A choice among kernel shapes, and the forward pass that is timed for it. */
export interface Question {
  readonly name: string;
  readonly forward: 'decode' | 'prefill';
  /** Shapes beside the one that the target has. */
  readonly others: (target: KernelTarget) => readonly Answer[];
}

/** The name of the fixed table's shape. */
export const FIXED = 'table';

/**
 * Questions about products, attention and tiles of inference; training's shapes are never asked for, since they are
 * part of a checkpoint.
 */
export const QUESTIONS: readonly Question[] = [
  {
    name: 'decode product',
    forward: 'decode',
    others: (target) =>
      dots(target).map(([name, linear]) => ({
        name,
        target: { ...target, decode: { ...target.decode, linear } },
      })),
  },
  {
    name: 'decode attention',
    forward: 'decode',
    others: (target) =>
      splits(target.decode.attention).map(([name, attention]) => ({
        name,
        target: { ...target, decode: { ...target.decode, attention } },
      })),
  },
  {
    name: 'prefill product',
    forward: 'prefill',
    others: (target) =>
      tiles(target).map(([name, linear]) => ({
        name,
        target: { ...target, prefill: { ...target.prefill, linear } },
      })),
  },
];

/**
 * Teams of other sizes, with other rows, or in other workgroups. Threads that work alone have one shape, and so have
 * integer products, which replace these for most matrices.
 */
function dots({ integers, decode: { linear: shapes } }: KernelTarget): [string, readonly DotShape[]][] {
  if (integers || shapes.some(({ lanes }) => lanes === 1)) return [];
  const each = (changed: (shape: DotShape) => Partial<DotShape>) =>
    shapes.map((shape) => (shape.lanes === shape.workgroup ? shape : { ...shape, ...changed(shape) }));
  const halved = ({ lanes, subgroup = 1 }: DotShape) => ({ lanes: lanes / 2, subgroup: Math.min(subgroup, lanes / 2) });
  const all: [string, readonly DotShape[]][] = [
    ['4 rows a team', each(() => ({ rows: 4 }))],
    ['8 rows a team', each(() => ({ rows: 8 }))],
    ['workgroups of 128', each(() => ({ workgroup: 128 }))],
    ['half the lanes', each((shape) => (shape.lanes > 8 ? halved(shape) : {}))],
    ['no subgroups', each(() => ({ lanes: 32, subgroup: 1 }))],
  ];
  const table = JSON.stringify(shapes);
  return all.filter(([, other]) => JSON.stringify(other) !== table);
}

/** Splits into at most as many parts of the keys as the table's, for which the buffers are made. */
function splits(shape: FlashShape): [string, FlashShape][] {
  if (shape.form !== 'split') return [];
  return [
    ['half the groups', { ...shape, groups: shape.groups / 2 }],
    ['a quarter of the groups', { ...shape, groups: shape.groups / 4 }],
    ...(shape.subgroups ? [['no subgroups', { ...shape, subgroups: false }] as [string, FlashShape]] : []),
  ];
}

/** Tiles of half as many tokens, with the same element type. Tiles of integers have one shape. */
function tiles({ integers, prefill: { linear: shape } }: KernelTarget): [string, LinearShape][] {
  if (integers || !('tokenLanes' in shape)) return [];
  const half = { ...shape, tokenLanes: shape.tokenLanes / 2 };
  return [[`${half.tokenLanes * half.tokens}×${8 * half.rows}`, half]];
}

/** Number of pairs of runs that are compared. */
const ROUNDS = 3;
/** Largest share of the best one's time with which a shape replaces it. */
const CLEARLY = 0.95;
/** Factor of the best one's time beyond which a shape's first run is its last. */
const HOPELESS = 1.5;

/** The clock by which kernel shapes are compared. */
export interface Clock {
  /** Milliseconds of one run; a shape that does not work throws. */
  readonly run: (answer: Answer) => Promise<number>;
  /** No new shape is tried once this holds. */
  readonly over: () => boolean;
  /** Told of a shape that takes the best one's place. */
  readonly found?: (better: Answer) => void;
}

/** The answer that is clearly the fastest, else the first. Shapes are run in turn with the best one so far. */
export async function fastest(answers: readonly Answer[], { run, over, found }: Clock): Promise<Answer> {
  let [best] = answers;
  // the first run of each compiles
  const first = async (answer: Answer) => {
    await run(answer);
    return run(answer);
  };
  const once = await first(best);
  for (const other of answers.slice(1)) {
    if (over()) break;
    try {
      if ((await first(other)) > HOPELESS * once) continue;
      const times: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        times[0].push(await run(best));
        times[1].push(await run(other));
      }
      if (median(times[1]) >= CLEARLY * median(times[0])) continue;
      best = other;
      found?.(other);
    } catch {
      // a shape that the driver cannot compile or run is left out
    }
  }
  return best;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
