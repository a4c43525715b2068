// What a run must bring back, as plain values and arrays of floats. Where they are kept is not known here.
import type { LoraPair } from '../core/adapter';
import { PronkError } from '../core/errors';
import { areFinite } from '../core/finite';
import type { OptimizerState } from '../model/lora-types';
import type { TrainingConfig } from './config';
import { FIELD_NAMES, FIELDS } from './fields';
import type { LoopState } from './loop';

type Floats = Float32Array<ArrayBuffer>;

/** What makes two runs the same run. */
export interface RunIdentity {
  readonly config: TrainingConfig;
  /** Digest of the rows as tokens. */
  readonly data: string;
  /** Digest of the weights that they are trained on. */
  readonly model: string;
  /** Digest of the adapter that it began with; absent for a new one. */
  readonly start?: string;
}

export type PairShape = Omit<LoraPair, 'a' | 'b' | 'magnitude' | 'bias'> & {
  /** It has a magnitude, behind its B. */
  readonly dora?: true;
};

/** Plain JSON values. */
export interface CheckpointHead {
  readonly state: Omit<LoopState, 'best'>;
  readonly best?: { readonly step: number; readonly loss: number };
  /** Shapes of the trained pairs, in the trainer's order. */
  readonly pairs: readonly PairShape[];
  /** Kernels that computed it: others round differently. */
  readonly kernels: string;
}

/** A head with its arrays. */
export interface Checkpoint extends CheckpointHead {
  readonly arrays: Readonly<Record<string, Floats>>;
}

/**
 * Takes a run apart.
 * @param pairs the trainer's, of which the shapes are kept
 * @throws PronkError `not-finite`: what is broken must not replace what is whole
 */
export function packCheckpoint(
  { best, ...state }: LoopState,
  optimizer: OptimizerState,
  pairs: readonly (PairShape | LoraPair)[],
  kernels: string,
): Checkpoint {
  const { parameters, first, second } = optimizer;
  const arrays: Record<string, Floats> = { parameters, first, second };
  if (best) arrays['best'] = flat(best.pairs);
  for (const [name, values] of Object.entries(arrays)) {
    if (areFinite(values)) continue;
    throw new PronkError(
      'not-finite',
      `The run diverged: its ${name} hold numbers that are not finite, so this state is not kept. The checkpoint before it is safe; ` +
        'start again with a smaller learning_rate.',
    );
  }
  return {
    state,
    ...(best && { best: { step: best.step, loss: best.loss } }),
    pairs: pairs.map(shapeOf),
    kernels,
    arrays,
  };
}

/** A run put together again. */
export interface Unpacked {
  readonly state: LoopState;
  readonly optimizer: OptimizerState;
  /** The adapter as it was then. */
  readonly pairs: readonly LoraPair[];
}

/** Puts it together again. @throws PronkError `corrupt-file` */
export function unpackCheckpoint({ state, best, pairs, arrays }: Checkpoint): Unpacked {
  const { parameters, first, second, best: values } = arrays;
  const length = pairs.reduce((sum, { rank, inputs, outputs, dora }) => {
    return sum + rank * (inputs + outputs) + (dora ? outputs : 0);
  }, 0);
  const whole = (each: Float32Array<ArrayBuffer> | undefined) => {
    if (each?.length === length) return each;
    throw new PronkError('corrupt-file', 'The checkpoint is incomplete. Start the run again.');
  };
  const optimizer = { parameters: whole(parameters), first: whole(first), second: whole(second) };
  return {
    state: { ...state, ...(best && { best: { ...best, pairs: cut(whole(values), pairs) } }) },
    optimizer,
    pairs: cut(optimizer.parameters, pairs),
  };
}

function shapeOf(pair: PairShape | LoraPair): PairShape {
  const { layer, map, rank, inputs, outputs, scale } = pair;
  const dora = 'magnitude' in pair ? pair.magnitude !== undefined : 'dora' in pair;
  return { layer, map, rank, inputs, outputs, scale, ...(dora && { dora }) };
}

function flat(pairs: readonly LoraPair[]): Floats {
  const parts = pairs.flatMap(({ a, b, magnitude }) => [a, b, ...(magnitude ? [magnitude] : [])]);
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const values of parts) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

function cut(values: Floats, shapes: readonly PairShape[]): LoraPair[] {
  let at = 0;
  const take = (length: number) => values.slice(at, (at += length));
  return shapes.map(({ dora, ...shape }) => {
    const a = take(shape.rank * shape.inputs);
    const b = take(shape.outputs * shape.rank);
    return { ...shape, a, b, ...(dora && { magnitude: take(shape.outputs) }) };
  });
}

/** Why a run cannot be gone on with, as a clause; undefined if it can. */
export function identityMismatch(then: RunIdentity, now: RunIdentity): string | undefined {
  const field = FIELD_NAMES.find(
    // a run of an earlier version knows nothing of newer settings
    (name) => FIELDS[name].resumable !== true && !same(then.config[name] ?? FIELDS[name].default, now.config[name]),
  );
  if (field)
    return `its ${field} was ${JSON.stringify(then.config[field])} and is now ${JSON.stringify(now.config[field])}`;
  if (then.model !== now.model) return 'it was started on another model, or on one that was quantized differently';
  if (then.data !== now.data) return 'its rows are different, or in another order';
  if (then.start !== now.start) return 'it was started from another adapter';
  return undefined;
}

/**
 * Refuses to resume a run as another one.
 * @param run its name in the sentence
 * @param remedy a sentence about what to do
 * @throws PronkError `checkpoint-mismatch`
 */
export function checkIdentity(then: RunIdentity, now: RunIdentity, run: string, remedy: string): void {
  const why = identityMismatch(then, now);
  if (why !== undefined) throw new PronkError('checkpoint-mismatch', `${run} cannot be resumed: ${why}. ${remedy}`);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
