// The part of the worker's surface that is about datasets, training and adapters.
import type {
  AdapterFormat,
  AdapterSummary,
  AdapterUse,
  DatasetOpened,
  DatasetOptions,
  DatasetReport,
  DatasetSummary,
  Example,
  MergeFormat,
  MergeType,
  RowPreview,
  RowRead,
  RowsConfig,
  RowSearch,
  RunDetail,
  RunSummary,
  TrainingEvent,
  TrainingPlan,
  TrainingRequest,
} from '../engine/training/types';
import type { GivenFile, Saved } from './files';

export type * from '../engine/training/types';

export interface DatasetApi {
  datasets(): Promise<readonly DatasetSummary[]>;
  /** Reads a file, with options where its form cannot be told. Rejects with `bad-dataset` where no row can be read. */
  addDataset(file: File, options?: DatasetOptions): Promise<DatasetOpened>;
  /** An empty one, to be written by hand. */
  createDataset(name: string): Promise<DatasetSummary>;
  /** Rows `start` to `end`. */
  datasetRows(id: string, start: number, end: number): Promise<readonly Example[]>;
  /** Indices of the rows that are looked for. */
  findRows(id: string, search: RowSearch): Promise<readonly number[]>;
  /** Reads the text of a row that was corrected. */
  readRow(text: string): Promise<RowRead>;
  /** Replaces `remove` rows at `at` by `rows`. */
  editDataset(id: string, at: number, remove: number, rows: readonly Example[]): Promise<DatasetSummary>;
  renameDataset(id: string, name: string): Promise<void>;
  removeDataset(id: string): Promise<void>;
  reportDataset(id: string, modelId: string, config: RowsConfig): Promise<DatasetReport>;
  previewRow(id: string, row: number, modelId: string, config: RowsConfig): Promise<RowPreview>;
  /** As Alpaca JSON. */
  exportDataset(id: string): Promise<File>;
}

export interface RunApi {
  planTraining(request: TrainingRequest): Promise<TrainingPlan>;
  /**
   * A part of a step that is really computed to measure one; nothing is kept. Progress is told of task `measure` under the
   * dataset's id. It rejects with `cancelled` when the device is needed, by a run or an answer, or when it is ended.
   */
  measureStep(request: TrainingRequest): Promise<{ secondsPerStep: number }>;
  /** Ends a measurement, if there is one. */
  stopMeasuring(): Promise<void>;
  /** Returns the run's id at once; what happens is told by events of type `training`. */
  startTraining(request: TrainingRequest): Promise<string>;
  pauseTraining(runId: string): Promise<void>;
  resumeTraining(runId: string): Promise<void>;
  /** Ends it and keeps the adapter as it is now (or the best one). */
  stopTraining(runId: string): Promise<void>;
  /** The page is hidden: whatever runs is checkpointed now. */
  checkpointTraining(): Promise<void>;
  runs(): Promise<readonly RunSummary[]>;
  run(runId: string): Promise<RunDetail>;
  /** The log in the shape of transformers' `trainer_state.json`. */
  exportTrainerState(runId: string): Promise<File>;
  /** Such a file from elsewhere, to be looked at. */
  openTrainerState(file: File): Promise<RunDetail>;
  removeRun(runId: string): Promise<void>;
  /** A run, begun or only planned, as a folder that TRL trains on larger machines. */
  exportTraining(request: TrainingRequest, folder?: FileSystemDirectoryHandle): Promise<Saved[]>;
}

export interface AdapterApi {
  adapters(): Promise<readonly AdapterSummary[]>;
  /** Whether a file by itself is an adapter: GGUF files of adapters and of models look alike from outside. */
  isAdapter(file: File): Promise<boolean>;
  /** A PEFT folder's files or a GGUF adapter, for a model. Rejects with `adapter-empty`, `adapter-mismatch`, … */
  importAdapter(files: readonly GivenFile[], modelId: string): Promise<AdapterSummary>;
  /** Which adapters are used for what is generated from now on, unless a request says otherwise. */
  useAdapters(modelId: string, adapters: readonly AdapterUse[]): Promise<void>;
  renameAdapter(id: string, name: string): Promise<void>;
  removeAdapter(id: string): Promise<void>;
  exportAdapter(id: string, format: AdapterFormat, folder?: FileSystemDirectoryHandle): Promise<Saved[]>;
  mergeAdapter(
    id: string,
    modelId: string,
    options: { format: MergeFormat; dtype: MergeType; strength?: number; shardBytes?: number },
    folder?: FileSystemDirectoryHandle,
  ): Promise<Saved[]>;
}

export interface TrainingApi extends DatasetApi, RunApi, AdapterApi {}

/** Joins `WorkerEvent`. */
export type TrainingWorkerEvent =
  | { type: 'training'; event: TrainingEvent }
  | { type: 'adapters'; adapters: readonly AdapterSummary[] };
