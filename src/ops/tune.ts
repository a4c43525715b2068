// Chooses among kernel shapes of one precision by the clock: each question has a few answers, of which the first is the fixed
// table's. Another one takes its place only where it was clearly faster, so that noise changes nothing.
import type { DotShape, FlashShape, KernelTarget, LinearShape } from './tuning';

/** One shape that a device may be given. */
export interface Answer {
  readonly name: string;
  readonly target: KernelTarget;
}

/** What is asked of a device, and which forward pass tells. */
export interface Question {
  readonly name: string;
  readonly forward: 'decode' | 'prefill';
  /** Shapes beside the one that the target has. */
  readonly others: (target: KernelTarget) => readonly Answer[];
}

/** The name of the fixed table's shape. */
export const FIXED = 'table';

/** Products, attention and tiles of inference. Training's shapes are never asked for: they are part of a checkpoint. */
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
 * Teams of other sizes, of other rows, and in other workgroups. Threads that work alone have one shape, and so have products
 * of whole numbers, which take the place of these for most matrices.
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

/** Never more parts than the table has: buffers are made for those. */
function splits(shape: FlashShape): [string, FlashShape][] {
  if (shape.form !== 'split') return [];
  return [
    ['half the groups', { ...shape, groups: shape.groups / 2 }],
    ['a quarter of the groups', { ...shape, groups: shape.groups / 4 }],
    ...(shape.subgroups ? [['no subgroups', { ...shape, subgroups: false }] as [string, FlashShape]] : []),
  ];
}

/** Tiles of half as many tokens, of the same element type. Those of whole numbers have one shape. */
function tiles({ integers, prefill: { linear: shape } }: KernelTarget): [string, LinearShape][] {
  if (integers || !('tokenLanes' in shape)) return [];
  const half = { ...shape, tokenLanes: shape.tokenLanes / 2 };
  return [[`${half.tokenLanes * half.tokens}×${8 * half.rows}`, half]];
}

/** Pairs of runs that are compared. */
const ROUNDS = 3;
/** Share of the other's time that a shape may take at most to be taken instead. */
const CLEARLY = 0.95;
/** A first run this many times as long as the best one's ends it. */
const HOPELESS = 1.5;

/** How answers are measured. */
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
      // a driver that cannot compile a shape, or loses its way in it, goes without
    }
  }
  return best;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
