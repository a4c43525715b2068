// Datasets, runs and adapters as the page sees them: plain data.
import type { LoraConfig } from '../../core/adapter';
import type { AccessToken } from '../../hub/access';
import type { ColumnMapping, DatasetReport, Example, RowPreview, RowProblem } from '../../data/types';
import type { TrainingConfig } from '../../training/config';
import type { StepRecord } from '../../training/records';
import type { RunDetail, RunSummary, SampleRecord, TrainingEvent, TrainingRequest } from '../../training/run-types';
import type { Warning } from '../../training/warnings';

export type {
  ColumnMapping,
  DatasetReport,
  RowPreview,
  RowProblem,
  Example,
  RunDetail,
  RunSummary,
  SampleRecord,
  StepRecord,
  TrainingConfig,
  TrainingEvent,
  TrainingRequest,
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

/** A dataset of the Hub, and what there is of it. */
export interface HubDataset {
  /** `owner/name` */
  readonly id: string;
  readonly name: string;
  readonly licence?: string;
  readonly splits: readonly {
    readonly subset: string;
    readonly split: string;
    /** Whether the Hub's copy ends before the dataset does. */
    readonly partial: boolean;
    readonly bytes: number;
  }[];
  /** The one that the address names, or the first one. */
  readonly meant: { readonly subset: string; readonly split: string };
  readonly notes: readonly string[];
}

/** Rows of a dataset of the Hub. */
export interface HubRows {
  /** `owner/name`, or an address. */
  readonly address: string;
  readonly subset?: string;
  readonly split?: string;
  /** How many at most, from the first one on. */
  readonly rows?: number;
  /** Access tokens, of which each goes to its own server only. */
  readonly tokens?: readonly AccessToken[];
}

/** Which rows are looked for: those that hold a text, in any case; those that could not be read. */
export interface RowSearch {
  readonly text?: string;
  readonly unread?: boolean;
}

/** A row's text read again: the rows that it is, or why it is none. */
export type RowRead = { readonly rows: readonly Example[] } | { readonly code: string; readonly problem: string };

// ——— runs

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
  readonly source: 'trained' | 'imported' | 'mixed';
  readonly runId?: string;
}

export type { MixMethod } from '../../formats/adapters/index';

/** An adapter in use, and how much of it. */
export interface AdapterUse {
  readonly id: string;
  /** 1 is as trained. */
  readonly strength: number;
}

export type AdapterFormat = 'peft' | 'gguf' | 'mlx' | 'trl';
export type MergeFormat = 'hf' | 'meta' | 'gguf';
export type MergeType = 'f32' | 'f16' | 'q8_0' | 'q4_0';
