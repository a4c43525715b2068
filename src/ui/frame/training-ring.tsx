import { Show } from 'solid-js';
import { useApp } from '../context';
import { percentOf } from './training-now';

/** How far a run is, beside the way to it: a ring and a per cent, which the link is described by and not named. */
export function TrainingRing(props: { id: string }) {
  const { trainingNow } = useApp();
  return (
    <Show when={trainingNow()}>
      {(run) => (
        <span class="training-ring" data-state={run().state} aria-hidden="true">
          <svg viewBox="0 0 20 20">
            <circle cx="10" cy="10" r="8" />
            <circle cx="10" cy="10" r="8" pathLength="100" stroke-dasharray={`${run().share * 100} 100`} />
          </svg>
          {percentOf(run())}
          <span id={props.id} hidden>
            {run().name} {run().state === 'running' ? 'is training' : 'is paused'}, at {percentOf(run())}
          </span>
        </span>
      )}
    </Show>
  );
}
