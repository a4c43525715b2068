// Datasets, runs and adapters as the page sees them: plain data.
import type { LoraConfig } from '../../core/adapter';
import type { ColumnMapping, DatasetReport, Example, RowPreview, RowProblem } from '../../data/types';
import type { TrainingConfig } from '../../training/config';
import type { StepRecord, ValidationRecord } from '../../training/records';
import type { Warning } from '../../training/warnings';
import type { PromptTemplate } from '../../tokenizer/prompt-templates';

export type {
  ColumnMapping,
  DatasetReport,
  RowPreview,
  RowProblem,
  Example,
  LoraConfig,
  StepRecord,
  TrainingConfig,
  ValidationRecord,
  Warning,
};

// ——— datasets

export interface DatasetSummary {
  readonly id: string;
  readonly name: string;
  /** What the file was taken for, e.g. `Alpaca JSON`, `CSV`. */
  readonly format: string;
  readonly rows: number;
  /** Rows among them that could not be read and wait to be repaired. */
  readonly unread: number;
  readonly addedAt: number;
  readonly editedAt: number;
}

/**
 * A file was read. Where its columns are unknown names, `columns` are to be mapped; where its text is in another encoding
 * than UTF-8 or UTF-16, it is to be named. Nothing is stored yet then.
 */
export type DatasetOpened =
  | {
      readonly kind: 'stored';
      readonly dataset: DatasetSummary;
      readonly dropped: number;
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'columns';
      readonly columns: readonly string[];
      readonly sample: readonly Readonly<Record<string, string>>[];
    }
  | {
      readonly kind: 'encoding';
      readonly message: string;
      /** Bytes of the text around what is no UTF-8. */
      readonly sample: Uint8Array;
    };

/** How a file is to be read, where that cannot be told. */
export interface DatasetOptions {
  /** A name of `--from`. */
  readonly format?: string;
  readonly mapping?: ColumnMapping;
  /** A label that `TextDecoder` knows. */
  readonly encoding?: string;
}

/** Which rows are looked for: those that hold a text, in any case; those that could not be read. */
export interface RowSearch {
  readonly text?: string;
  readonly unread?: boolean;
}

/** A row's text read again: the rows that it is, or why it is none. */
export type RowRead = { readonly rows: readonly Example[] } | { readonly code: string; readonly problem: string };

// ——— runs

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

export interface TrainingPlan {
  readonly rows: number;
  readonly validationRows: number;
  /** Rows without a labelled token. */
  readonly skippedRows: number;
  readonly tokens: number;
  readonly labelled: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Rows (packs, when packing) of one update. */
  readonly effectiveBatch: number;
  readonly warmupSteps: number;
  readonly trainableParameters: number;
  /** Parts in bytes; `limit` where the adapter is known to hold no more. */
  readonly memory: {
    readonly parts: readonly { readonly name: string; readonly bytes: number }[];
    readonly total: number;
    readonly limit?: number;
    /** Whether a trial allocation succeeded; absent where it was not tried. */
    readonly fits?: boolean;
  };
  /** From a measured step; absent before one was measured. */
  readonly secondsPerStep?: number;
  readonly warnings: readonly Warning[];
  /** A sentence why it cannot start, if it cannot. */
  readonly problem?: string;
}

/** What decides how rows become tokens. */
export type RowsConfig = TrainingConfig & Pick<TrainingRequest, 'template'>;

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
  /** Of running, without pauses. */
  readonly seconds: number;
  /** A few losses for a sparkline. */
  readonly spark: readonly number[];
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

// ——— adapters

export interface AdapterSummary {
  readonly id: string;
  readonly name: string;
  /** The model that it was trained on or first used with. */
  readonly modelId: string;
  readonly modelName: string;
  readonly config: LoraConfig;
  readonly parameters: number;
  readonly bytes: number;
  readonly addedAt: number;
  readonly source: 'trained' | 'imported';
  readonly runId?: string;
}

/** An adapter in use, and how much of it. */
export interface AdapterUse {
  readonly id: string;
  /** 1 is as trained. */
  readonly strength: number;
}

export type AdapterFormat = 'peft' | 'gguf' | 'mlx' | 'trl';
export type MergeFormat = 'hf' | 'meta' | 'gguf';
export type MergeType = 'f32' | 'f16' | 'q8_0' | 'q4_0';
