// The worker's calls and events for datasets, training and adapters.
import type { TrainingApi, TrainingWorkerEvent } from '../../worker/training-api';
import type { Client } from '../../worker/client';

export interface TrainingClient {
  readonly api: TrainingApi;
  /** Told with all other events of the worker, which are to be let pass. @returns ends the subscription */
  subscribe(listener: (event: TrainingWorkerEvent | { readonly type: 'restarted' | 'loaded' }) => void): () => void;
}

/** The worker's surface as it is for training; its general type does not name these calls yet. */
export const trainingClient = (client: Client): TrainingClient => client as unknown as TrainingClient;
