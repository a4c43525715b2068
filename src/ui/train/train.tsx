import { Show } from 'solid-js';
import { Charts } from './charts';
import { useTraining } from './context';
import { Controls } from './controls';
import { RunState } from './run-state';
import { Samples } from './samples';
import { holdPlace, Step } from './steps';

/** The run: begun, watched, paused and gone on with. */
export function TrainStep() {
  const { runs } = useTraining();
  holdPlace(() => runs.active() !== undefined);
  return (
    <Step title="Train" note="Training can be paused at any time and resumed from there, even after a reload.">
      <Controls />
      <Show when={runs.shown()}>
        {(run) => (
          <>
            <RunState run={run()} />
            <Charts run={run()} />
            <Samples run={run()} />
          </>
        )}
      </Show>
    </Step>
  );
}
