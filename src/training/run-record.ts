// A training run as the store keeps it, and as the page sees it.
import type { StoredConfig } from '../core/model-config';
import type { PromptTemplate } from '../tokenizer/prompt-templates';
import type { StepRecord, ValidationRecord } from './records';
import type { StoredRun } from './run-store';
import type { RunDetail, RunState, RunSummary, SampleRecord, TrainingRequest } from './run-types';

export interface RunRecord extends StoredRun {
  readonly version: typeof RUN_VERSION;
  readonly request: TrainingRequest;
  readonly modelName: string;
  readonly datasetName: string;
  readonly state: RunState;
  /** 0 before the data was looked at. */
  readonly steps: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Seconds of training, without pauses. */
  readonly seconds: number;
  readonly log: readonly StepRecord[];
  readonly validations: readonly ValidationRecord[];
  readonly samples: readonly SampleRecord[];
  readonly adapterId?: string;
  readonly problem?: string;
  readonly unkept?: true;
  /** What it is trained beside, and the form of its instructions: both outlive their owners here. */
  readonly model?: StoredConfig;
  readonly template?: PromptTemplate;
}

export const RUN_VERSION = 1;

/** Losses of a sparkline. */
const SPARK_POINTS = 24;

export function runSummary(run: RunRecord): RunSummary {
  const { id, name, request, modelName, datasetName, state, steps, startedAt, seconds, log, validations } = run;
  const { adapterId, problem, unkept } = run;
  const [last, validated] = [log.at(-1), validations.at(-1)];
  return {
    id,
    name,
    modelId: request.modelId,
    modelName,
    datasetId: request.datasetId,
    datasetName,
    state,
    step: last?.step ?? 0,
    steps,
    ...(last && { loss: last.loss }),
    ...(validated && { validationLoss: validated.loss }),
    startedAt,
    seconds,
    lossSparkline: lossSparkline(log.map(({ loss }) => loss)),
    ...(adapterId !== undefined && { adapterId }),
    ...(problem !== undefined && { problem }),
    ...(unkept && { unkept }),
  };
}

export function runDetail(run: RunRecord): RunDetail {
  const { request, log, validations, samples, checkpoint } = run;
  return {
    ...runSummary(run),
    request,
    log,
    validations,
    samples,
    ...(checkpoint && { checkpointStep: checkpoint.state.step }),
  };
}

/** Means of equal parts. */
export function lossSparkline(losses: readonly number[]): number[] {
  const known = losses.filter((loss) => Number.isFinite(loss));
  const points = Math.min(SPARK_POINTS, known.length);
  return Array.from({ length: points }, (_, i) => {
    const part = known.slice(Math.floor((i * known.length) / points), Math.floor(((i + 1) * known.length) / points));
    return part.reduce((sum, loss) => sum + loss, 0) / part.length;
  });
}

/** A run that says that it trains, or rests in a page's memory, when no page does. */
export function markInterrupted(run: RunRecord): RunRecord {
  if (run.state !== 'running' && !run.unkept) return run;
  const { problem: _, unkept: __, ...rest } = run;
  return { ...rest, state: 'interrupted' };
}

/** The run as of its checkpoint: what came after is done again. */
export function asOfCheckpoint(run: RunRecord): RunRecord {
  const step = run.checkpoint?.state.step ?? 0;
  const until = <T extends { readonly step: number }>(list: readonly T[]) => list.filter((each) => each.step <= step);
  return { ...run, log: until(run.log), validations: until(run.validations), samples: until(run.samples) };
}
