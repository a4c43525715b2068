// Data, plan, training and what is kept of it: four steps on one page, and the runs that were made beneath.
import '../styles/train/index.css';
import { createResource, Show } from 'solid-js';
import { useApp } from '../context';
import { TrainingContext } from './context';
import { DataStep } from './data';
import { KeepStep } from './keep';
import { PlanStep } from './plan';
import { PastRuns } from './runs';
import { StepNavigation } from './steps';
import { TrainStep } from './train';

export function TrainPage() {
  const app = useApp();
  const [training] = createResource(() => app.training());
  return (
    <div class="page training">
      <h1>Fine-tune</h1>
      <p class="lead">Teach the model in use from a few rows of text. It learns here; nothing leaves this device.</p>
      <Show when={training()}>
        {(state) => (
          <TrainingContext.Provider value={state()}>
            <StepNavigation />
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
