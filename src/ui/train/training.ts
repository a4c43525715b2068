// All of the Fine-tune place's state, made when it is first opened.
import type { EngineState } from '../shared/engine-state';
import { createDatasets, type DatasetsState } from './datasets';
import type { Notices } from '../shared/notices';
import { createRuns, type RunsState } from './runs-state';
import type { TemplatesState } from '../instruct/templates';
import { createTrainingForm, type TrainingForm } from './training-form';
import type { Client } from '../../worker/client';

export interface TrainingState {
  readonly datasets: DatasetsState;
  readonly form: TrainingForm;
  readonly runs: RunsState;
}

export interface TrainingParts {
  readonly engine: EngineState;
  readonly notices: Notices;
  /** Instruct's, which rows can be put in as well. */
  readonly templates: TemplatesState;
}

/** Must run inside a Solid root. */
export function createTraining(client: Client, { engine, notices, templates }: TrainingParts): TrainingState {
  const datasets = createDatasets(client, notices);
  const runs = createRuns(client, engine, notices);
  const { running } = runs;
  return { datasets, form: createTrainingForm(client, { engine, datasets, templates, notices, running }), runs };
}
