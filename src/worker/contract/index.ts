// The contract between page and worker: namespaces of verbs, plain data, and one stream of events. Types only; each is
// declared once, in the engine or below it, unless the page alone needs it.
import type { GenerationVerbs, PromptVerbs } from './generation';
import type { HubVerbs, ImportVerbs, ModelVerbs, PatchVerbs } from './models';
import type { DeviceVerbs, RecordVerbs, SessionVerbs, StorageVerbs } from './page';
import type { AdapterVerbs, DatasetVerbs, RunVerbs } from './training';

export type * from './events';
export type * from './generation';
export type * from './models';
export type * from './page';
export type * from './training';

/**
 * What the page may ask. A verb has the name that it has in the engine: `client.runs.pause` is `engine.runs.pause`. A call
 * that is refused is rejected with an error whose `name` is the error's code.
 */
export interface Contract {
  readonly device: DeviceVerbs;
  readonly models: ModelVerbs;
  readonly imports: ImportVerbs;
  readonly patches: PatchVerbs;
  readonly hub: HubVerbs;
  readonly datasets: DatasetVerbs;
  readonly runs: RunVerbs;
  readonly adapters: AdapterVerbs;
  readonly generation: GenerationVerbs;
  readonly prompts: PromptVerbs;
  readonly records: RecordVerbs;
  readonly storage: StorageVerbs;
}

/** The contract, and what only the client asks: it starts the worker and looks whether it lives. */
export interface WorkerContract extends Contract {
  readonly session: SessionVerbs;
}

/** A contract as it is kept: a verb that answers at once need not return a promise, since the way across is one. */
export type Kept<T> = {
  readonly [Namespace in keyof T]: {
    [Verb in keyof T[Namespace]]: T[Namespace][Verb] extends (...args: infer Args) => Promise<infer Result>
      ? (...args: Args) => Promise<Result> | Result
      : never;
  };
};
