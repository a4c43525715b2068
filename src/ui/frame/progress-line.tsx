import { Show } from 'solid-js';
import { useApp } from '../context';

/** How far the model is on its way to the GPU: a thin line, and nothing once it is there. */
export function ProgressLine() {
  const { engine } = useApp();
  const busy = () => engine.progress() !== undefined || (!engine.ready() && !engine.problem());
  const share = () => {
    const progress = engine.progress();
    return progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : undefined;
  };
  const percent = () => {
    const done = share();
    return done === undefined ? undefined : Math.round(done * 100);
  };
  return (
    <Show when={busy()}>
      <div
        class="progress-line"
        role="progressbar"
        aria-label="Loading the model"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow={percent()}
        aria-valuetext={engine.progress()?.stage ?? 'Starting'}
      >
        <span style={{ transform: `scaleX(${share() ?? 0})` }} />
      </div>
    </Show>
  );
}
