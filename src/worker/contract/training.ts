// Datasets, training runs and adapters.
import type { NamedMix, StoredMix } from '../../engine/adapters';
import type { MergeOptions } from '../../engine/export/merge';
import type { SavedFile } from '../../engine/save';
import type {
  AdapterFormat,
  AdapterSummary,
  AdapterUse,
  DatasetOpened,
  DatasetOptions,
  DatasetReport,
  DatasetSummary,
  Example,
  HubDataset,
  HubRows,
  RowPreview,
  RowRead,
  RowsConfig,
  RowSearch,
  RunDetail,
  RunSummary,
  TrainingPlan,
  TrainingRequest,
} from '../../engine/training/types';
import type { AccessToken } from '../../hub/access';
import type { GivenFile } from './models';

export type * from '../../engine/training/types';

export interface DatasetVerbs {
  list(): Promise<readonly DatasetSummary[]>;
  /** Reads a file, with options where its form cannot be told. Rejects with `bad-dataset` where no row can be read. */
  add(file: File, options?: DatasetOptions): Promise<DatasetOpened>;
  /** What there is of a dataset on the Hub. Rejects with `bad-address`, `not-found`, `private`, `gated`, `network`, … */
  lookUp(address: string, tokens?: readonly AccessToken[]): Promise<HubDataset>;
  /** Rows of a dataset on the Hub, kept as those of a file are. */
  addFromHub(rows: HubRows, options?: DatasetOptions): Promise<DatasetOpened>;
  /** An empty one, to be written by hand. */
  create(name: string): Promise<DatasetSummary>;
  /** Rows `start` to `end`. */
  rows(id: string, start: number, end: number): Promise<readonly Example[]>;
  /** Indices of the rows that are looked for. */
  find(id: string, search: RowSearch): Promise<readonly number[]>;
  /** Reads the text of a row that was corrected. */
  readRow(text: string): Promise<RowRead>;
  /** Replaces `remove` rows at `at` by `rows`. */
  edit(id: string, at: number, remove: number, rows: readonly Example[]): Promise<DatasetSummary>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  report(id: string, modelId: string, config: RowsConfig): Promise<DatasetReport>;
  preview(id: string, row: number, modelId: string, config: RowsConfig): Promise<RowPreview>;
  /** The rows as Alpaca JSON. */
  export(id: string): Promise<File>;
}

export interface RunVerbs {
  plan(request: TrainingRequest): Promise<TrainingPlan>;
  /**
   * A part of a step that is really computed to measure one; nothing is kept. Progress is told of task `measure` under the
   * dataset's id. It rejects with `cancelled` when the device is needed, by a run or an answer, or when it is ended.
   */
  measure(request: TrainingRequest): Promise<{ secondsPerStep: number }>;
  /** Ends a measurement, if there is one. */
  stopMeasuring(): Promise<void>;
  /** Returns the run's id at once; what happens is told by events of type `training`. */
  start(request: TrainingRequest): Promise<string>;
  pause(runId: string): Promise<void>;
  resume(runId: string): Promise<void>;
  /** Ends it and keeps the adapter as it is now (or the best one). */
  stop(runId: string): Promise<void>;
  /** The page is hidden: whatever runs is checkpointed now. */
  checkpoint(): Promise<void>;
  list(): Promise<readonly RunSummary[]>;
  get(runId: string): Promise<RunDetail>;
  /** The log in the shape of transformers' `trainer_state.json`. */
  exportState(runId: string): Promise<File>;
  /** Reads a trainer_state.json from elsewhere, to be looked at. */
  openState(file: File): Promise<RunDetail>;
  remove(runId: string): Promise<void>;
  /** A run, begun or only planned, as a folder that TRL trains on larger machines. */
  export(request: TrainingRequest, folder?: FileSystemDirectoryHandle): Promise<SavedFile[]>;
}

export interface AdapterVerbs {
  list(): Promise<readonly AdapterSummary[]>;
  /** Whether a file by itself is an adapter: GGUF files of adapters and of models look alike from outside. */
  isAdapter(file: File): Promise<boolean>;
  /** A PEFT folder's files or a GGUF adapter, for a model. Rejects with `adapter-empty`, `adapter-mismatch`, … */
  import(files: readonly GivenFile[], modelId: string): Promise<AdapterSummary>;
  /** Which adapters are used for what is generated from now on, unless a request says otherwise. */
  use(modelId: string, adapters: readonly AdapterUse[]): Promise<void>;
  /** Stores several adapters of a model, with their strengths, as one. Rejects with `unsupported-adapter`, `bad-mix`, … */
  mix(adapters: readonly AdapterUse[], modelId: string, options: NamedMix): Promise<StoredMix>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  export(id: string, format: AdapterFormat, folder?: FileSystemDirectoryHandle): Promise<SavedFile[]>;
  merge(
    id: string,
    modelId: string,
    options: MergeOptions & { readonly strength?: number },
    folder?: FileSystemDirectoryHandle,
  ): Promise<SavedFile[]>;
}
