// A run's log as figures, curves and sentences. Pure.
import type { RunDetail, StepRecord } from '../../worker/contract';
import { formatLeft, formatNumber, formatSeconds } from '../shared/format';

/**
 * A log with one more record. A resumed run begins at its checkpoint, which may lie before what was logged last: what came
 * after it is told again.
 */
export function withRecord<T extends { readonly step: number }>(log: readonly T[], record: T): readonly T[] {
  if ((log.at(-1)?.step ?? -1) < record.step) return [...log, record];
  return [...log.filter(({ step }) => step < record.step), record];
}

/**
 * Exponential moving average, corrected for its beginning as Adam's moments are. What is no number is passed over.
 * @param weight share of the past, 0 to below 1
 */
export function smoothed(values: readonly number[], weight: number): number[] {
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    if (Number.isFinite(value)) {
      sum = sum * weight + value * (1 - weight);
      norm = norm * weight + (1 - weight);
    }
    return norm > 0 ? sum / norm : Number.NaN;
  });
}

/** A weight that suits a run of so many steps: a thirtieth of them, from 3 to 25, make up the mean. */
export const smoothingFor = (steps: number): number => 1 - 1 / Math.min(25, Math.max(3, steps / 30));

/** At most so many of them, evenly spread, the first and the last among them. */
export function thinned<T>(values: readonly T[], most: number): readonly T[] {
  if (values.length <= most) return values;
  return Array.from({ length: most }, (_, i) => values[Math.round((i * (values.length - 1)) / (most - 1))]);
}

export interface RunFigures {
  readonly tokensPerSecond?: number;
  /** Milliseconds until the last step. */
  readonly left?: number;
  readonly skipped: number;
  /** Smoothed. */
  readonly loss?: number;
}

/** How fast it goes by the latest steps, and what is left. */
export function figuresOf({ log, steps }: Pick<RunDetail, 'log' | 'steps'>): RunFigures {
  const latest = log.slice(-20);
  const seconds = latest.reduce((sum, record) => sum + record.seconds, 0);
  const tokens = latest.reduce((sum, record) => sum + record.tokens, 0);
  const skipped = log.filter((record) => record.skipped).length;
  const done = log.at(-1)?.step ?? 0;
  const losses = smoothed(
    log.map(({ loss }) => loss),
    smoothingFor(log.length),
  );
  const loss = losses.at(-1);
  return {
    skipped,
    ...(loss !== undefined && Number.isFinite(loss) && { loss }),
    ...(seconds > 0 && { tokensPerSecond: tokens / seconds }),
    ...(seconds > 0 && { left: Math.max(0, steps - done) * (seconds / latest.length) * 1000 }),
  };
}

export const formatLoss = (loss: number | undefined): string =>
  loss === undefined || !Number.isFinite(loss) ? '–' : loss < 0.001 ? loss.toExponential(1) : loss.toFixed(3);

export const formatSmall = (value: number): string =>
  !Number.isFinite(value)
    ? '–'
    : value === 0
      ? '0'
      : value < 0.001
        ? value.toExponential(1)
        : String(Number(value.toPrecision(3)));

/** The curves in a sentence, for those who do not see them. */
export function summaryOf(run: Pick<RunDetail, 'log' | 'steps' | 'validations'>): string {
  const { log, steps, validations } = run;
  const first = log.at(0);
  const last = log.at(-1);
  if (!first || !last) return 'No step has been taken yet.';
  const { loss } = figuresOf(run);
  const best = validations.reduce<number | undefined>(
    (least, each) => (least === undefined || each.loss < least ? each.loss : least),
    undefined,
  );
  const said = [
    `Step ${formatNumber(last.step)} of ${formatNumber(steps)}.`,
    `The loss went from ${formatLoss(first.loss)} to ${formatLoss(loss)} (smoothed).`,
    best !== undefined &&
      `The validation loss is ${formatLoss(validations.at(-1)?.loss)}, at best ${formatLoss(best)}.`,
  ];
  return said.filter(Boolean).join(' ');
}

/** What is known to have gone other than usual, as sentences. */
export function notesOf({ log, validations }: Pick<RunDetail, 'log' | 'validations'>): string[] {
  const notes: string[] = [];
  const skipped = log.filter((record) => record.skipped);
  if (skipped.length > 0) {
    const at = skipped[skipped.length - 1].step;
    notes.push(
      skipped.length === 1
        ? `Step ${at} was skipped: its gradient was not finite. It changed nothing.`
        : `${skipped.length} steps were skipped, the last one step ${at}: their gradients were not finite. They changed nothing. A lower learning rate helps.`,
    );
  }
  const still = log.length - 1 - log.findLastIndex((record) => record.gradNorm !== 0);
  if (still > 1) {
    notes.push(
      `The gradient was zero in the last ${still} steps: nothing is being learned. Check which tokens are in the loss, and stop the run.`,
    );
  }
  const [before, ...after] = validations;
  if (before?.step === 0 && after.length > 2 && after.every((each) => each.loss >= before.loss)) {
    notes.push(
      `The validation loss was lower before training: ${formatLoss(before.loss)}. A lower learning rate, or more rows like those, may help.`,
    );
  }
  const best = validations.findLastIndex((each) => each.best);
  const since = validations.length - 1 - best;
  if (best >= 0 && since >= 3) {
    notes.push(
      `The validation loss has not improved since step ${formatNumber(validations[best].step)}: the model is starting to overfit. The best adapter is kept.`,
    );
  }
  return notes;
}

/** `12.3 tokens/s · 3 min left` */
export function paceOf(figures: RunFigures, isRunning: boolean): string {
  const { tokensPerSecond, left } = figures;
  if (!isRunning || left === undefined) return '';
  const rate = tokensPerSecond === undefined ? '' : `${formatNumber(Math.round(tokensPerSecond))} tokens/s`;
  return [rate, `${formatLeft(left)} left`].filter(Boolean).join(' · ');
}

export const formatDuration = (seconds: number): string => formatSeconds(seconds * 1000);

/** x and ys for uPlot, one column for each run, where each has its own steps. */
export function overlaid(logs: readonly (readonly StepRecord[])[]): (number | null)[][] {
  const steps = [...new Set(logs.flatMap((log) => log.map(({ step }) => step)))].toSorted((a, b) => a - b);
  const columns = logs.map((log) => {
    const values = smoothed(
      log.map(({ loss }) => loss),
      smoothingFor(log.length),
    );
    const at = new Map(log.map(({ step }, i) => [step, values[i]]));
    return steps.map((step) => at.get(step) ?? null);
  });
  return [steps, ...columns];
}
