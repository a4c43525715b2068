// What training needs of the engine around it.
import type { ModelConfig } from '../../core/model-config';
import type { Example } from '../../data/types';
import type { Adapter } from '../../core/adapter';
import type { LoraSpec, LoraTrainer } from '../../model/lora-types';
import type { Store } from '../../storage/store';
import type { PromptTemplate } from '../../tokenizer/prompt-templates';
import type { Tokenizer } from '../../tokenizer/tokenizer';
import type { TrainedFrom } from '../adapters';

/** A stored model; it need not be on the GPU. */
export interface TrainedModel {
  readonly name: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Digest of its weights as they are stored. */
  readonly fingerprint: string;
  /** Stored, which is about what they take on the GPU. */
  readonly bytes: number;
}

export interface TrainedDataset {
  readonly name: string;
  /** Changes with every edit. */
  readonly editedAt: number;
  readonly rows: number;
  examples(): Promise<readonly Example[]>;
}

/** What a device can hold, as far as it is known. */
export interface DeviceRoom {
  /** Bytes that a page may use in all. */
  readonly limit?: number;
  /** Bytes in use by the loaded model beside its weights: cache, activations, sampler. */
  readonly chat: number;
  /** Whether so many bytes more can be allocated now. */
  fits(bytes: number): Promise<boolean>;
}

export interface AnswerRequest {
  readonly modelId: string;
  readonly prompt: string;
  /** Kind of the rows that are trained on. */
  readonly kind: Example['kind'];
  /** Template of instructions. */
  readonly template?: PromptTemplate | undefined;
  readonly adapter?: Adapter;
}

export interface TrainingParts {
  readonly store: Store;
  /** @throws PronkError `missing-model` */
  model(id: string): Promise<TrainedModel>;
  /** @throws PronkError `missing-dataset` */
  dataset(id: string): Promise<TrainedDataset>;
  /** A stored adapter's numbers. @throws PronkError `missing-adapter` */
  adapter(id: string): Promise<Adapter>;
  /** Stores what was trained; the adapter's id. */
  keep(adapter: Adapter, from: TrainedFrom): Promise<string>;
  /**
   * A trainer beside a model, which is loaded now unless it is there, and stays until the trainer is destroyed.
   * @param watched ends what it does, and is told before each slice of a pass which share of it is done
   * @throws the signal's reason, in the middle of a pass too
   */
  trainer(
    modelId: string,
    spec: LoraSpec,
    watched?: { readonly signal: AbortSignal; readonly onSlice: (share: number) => void },
  ): Promise<LoraTrainer>;
  /** The loaded device's room. @throws PronkError `no-webgpu`, `no-adapter` */
  room(modelId: string): Promise<DeviceRoom>;
  /** Answers a prompt in the form of the dataset's rows, by the base model or with an adapter. */
  answer(request: AnswerRequest, signal: AbortSignal): Promise<string>;
  /** A lost device is left, so that the next trainer opens another. */
  forgetDevice(): void;
  /** Does work that a model's own template or tokenizer decides the length of. */
  held<T>(modelId: string, work: () => T): T;
}
