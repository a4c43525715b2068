// Data, plan, training and what is kept of it: four steps on one page, and the runs that were made beneath.
import './index.css';
import { createResource, Show } from 'solid-js';
import { useApp } from '../context';
import { formatNumber } from '../shared/format';
import { TrainingContext, useTraining } from './context';
import { DataStep } from './data';
import { KeepStep } from './keep';
import { PlanStep } from './plan';
import { PastRuns } from './runs';
import { goToStep, StepNavigation } from './steps';
import { TrainStep } from './train';

export function TrainPage() {
  const app = useApp();
  const [training] = createResource(() => app.training());
  return (
    <div class="page training">
      <h1>Fine-tune</h1>
      <p class="lead">Train the model in use on your own examples. Everything runs here; nothing leaves this device.</p>
      <Show when={training()}>
        {(state) => (
          <TrainingContext.Provider value={state()}>
            <StepNavigation />
            <CutOffNote />
            <DataStep />
            <PlanStep />
            <TrainStep />
            <KeepStep />
            <PastRuns />
          </TrainingContext.Provider>
        )}
      </Show>
    </div>
  );
}

/** A run that a closed page cut off waits further down. */
function CutOffNote() {
  const { runs } = useTraining();
  const cutOff = () => runs.list().find(({ state, id }) => state === 'interrupted' && id !== runs.shown()?.id);
  return (
    <Show when={cutOff()}>
      {(run) => (
        <div class="row cut-off" role="status">
          <p>
            {run().name} was interrupted at step {formatNumber(run().step)} of {formatNumber(run().steps)}, when the
            page was closed. It can be resumed from there.
          </p>
          <button type="button" class="button" onClick={() => void runs.open(run().id).then(() => goToStep('Train'))}>
            Show it
          </button>
        </div>
      )}
    </Show>
  );
}
