// All of the Fine-tune place's state, made when it is first opened.
import type { EngineState } from './engine';
import { createDatasets, type DatasetsState } from './datasets';
import type { Notices } from './notices';
import { createRuns, type RunsState } from './runs';
import { createTrainingForm, type TrainingForm } from './training-form';
import type { Client } from '../../worker/client';

export interface TrainingState {
  readonly datasets: DatasetsState;
  readonly form: TrainingForm;
  readonly runs: RunsState;
}

/** Must run inside a Solid root. */
export function createTraining(client: Client, engine: EngineState, notices: Notices): TrainingState {
  const datasets = createDatasets(client, notices);
  return {
    datasets,
    form: createTrainingForm(client, engine, datasets, notices),
    runs: createRuns(client, notices),
  };
}
