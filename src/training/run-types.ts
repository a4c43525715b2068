// A training run as others see it: what was asked, where it is, what it wrote down. Plain data, which crosses to the page as it is.
import type { PromptTemplate } from '../tokenizer/prompt-templates';
import type { TrainingConfig } from './config';
import type { StepRecord, ValidationRecord } from './records';

export interface TrainingRequest {
  readonly modelId: string;
  readonly datasetId: string;
  readonly config: TrainingConfig;
  /** The template that the config names, where it is none of Pronk's. */
  readonly template?: PromptTemplate;
  readonly name?: string;
  /** Goes on from a stored adapter. */
  readonly adapterId?: string;
  /** Instructions that are answered every `sampleSteps` and at the end, by the base and by the adapter. */
  readonly prompts: readonly string[];
  readonly sampleSteps: number;
}

/** `interrupted`: a page that trained was closed; it can be resumed. */
export type RunState = 'running' | 'paused' | 'interrupted' | 'done' | 'stopped' | 'failed';

export interface SampleRecord {
  readonly step: number;
  readonly prompt: string;
  /** Text of the base model, and of the adapter at this step. */
  readonly base: string;
  readonly adapter: string;
}

export interface RunSummary {
  readonly id: string;
  readonly name: string;
  readonly modelId: string;
  readonly modelName: string;
  readonly datasetId: string;
  readonly datasetName: string;
  readonly state: RunState;
  readonly step: number;
  readonly steps: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  readonly startedAt: number;
  /** Seconds of training, without pauses. */
  readonly seconds: number;
  /** A few losses for a sparkline. */
  readonly lossSparkline: readonly number[];
  /** The adapter that was kept. */
  readonly adapterId?: string;
  readonly problem?: string;
  /** It rests for want of room: what it learned since its checkpoint is in the memory of the page that trained it alone. */
  readonly unkept?: true;
}

/** A run with its whole log. */
export interface RunDetail extends RunSummary {
  readonly request: TrainingRequest;
  readonly log: readonly StepRecord[];
  readonly validations: readonly ValidationRecord[];
  readonly samples: readonly SampleRecord[];
  /** Step of the checkpoint that a resume would begin at. */
  readonly checkpointStep?: number;
}

export type TrainingEvent =
  | { readonly type: 'run'; readonly run: RunSummary }
  | { readonly type: 'step'; readonly runId: string; readonly record: StepRecord }
  | { readonly type: 'validation'; readonly runId: string; readonly record: ValidationRecord }
  | { readonly type: 'sample'; readonly runId: string; readonly record: SampleRecord }
  | { readonly type: 'checkpoint'; readonly runId: string; readonly step: number }
  | { readonly type: 'removed'; readonly runId: string };
