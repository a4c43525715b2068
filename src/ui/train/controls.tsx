import { createSignal, Show } from 'solid-js';
import type { RunDetail } from '../../worker/contract';
import { ConfirmDialog } from '../shared/confirm-dialog';
import { useApp } from '../context';
import { fits } from './training-form';
import { useTraining } from './context';
import { goToStep } from './steps';

/** Start, Pause, Resume, and the end of a run. */
export function Controls() {
  const { runs } = useTraining();
  return (
    <div class="row">
      <Show
        when={runs.active()}
        fallback={
          <Show when={runs.running()} fallback={<Start />}>
            {(other) => (
              <button type="button" class="button primary" onClick={() => void runs.open(other().id)}>
                Show {other().name}, which is training
              </button>
            )}
          </Show>
        }
      >
        {(run) => <Going run={run()} />}
      </Show>
    </div>
  );
}

function Start() {
  const { runs, form, datasets } = useTraining();
  const { engine } = useApp();
  const problem = () => {
    const plan = form.plan.value();
    if (engine.blocked()) return 'Training needs a GPU.';
    if (!form.request()) return engine.model() ? 'Add a dataset first, above.' : 'Add a model first.';
    if (Object.keys(form.rejected()).length > 0) return 'A number of the plan is not valid; it is marked above.';
    if (form.plan.pending()) return 'The plan is being made.';
    return (
      plan &&
      (plan.problem ?? (fits(plan.memory) ? '' : 'It does not fit on the GPU. The plan above offers settings that do.'))
    );
  };
  const ready = () => form.request() !== undefined && !problem() && runs.asked() === undefined;
  async function start(): Promise<void> {
    await datasets.rows.flush();
    const request = form.request();
    if (request && (await runs.start(request))) goToStep('Train');
  }
  return (
    <>
      <button type="button" class="button primary large" disabled={!ready()} onClick={() => void start()}>
        Start training
      </button>
      <label class="run-name">
        <span class="visually-hidden">Name of the run</span>
        <input
          class="field"
          type="text"
          placeholder="Name of the run (optional)"
          value={form.name()}
          onInput={(event) => form.setName(event.currentTarget.value)}
        />
      </label>
      <Show when={problem()}>
        <p class="hint">{problem()}</p>
      </Show>
    </>
  );
}

/** A run that trains or rests. */
function Going(props: { run: RunDetail }) {
  const { runs } = useTraining();
  const { engine } = useApp();
  const elsewhere = () => (runs.running()?.id === props.run.id ? undefined : runs.running());
  const obstacle = () => runs.obstacle(props.run);
  /** What Resume does beside going on. */
  const hint = () => {
    const other = elsewhere();
    if (other) return `${other.name} is training. Pause it, or wait until it ends.`;
    const { modelId, modelName } = props.run;
    const inUse = engine.model();
    return inUse && inUse.id !== modelId
      ? `Resume switches the model in use from ${inUse.name} to ${modelName}.`
      : undefined;
  };
  return (
    <>
      <Show
        when={props.run.state === 'running'}
        fallback={
          <button
            type="button"
            class="button primary large"
            disabled={elsewhere() !== undefined || engine.blocked() || obstacle() !== undefined}
            aria-disabled={runs.asked() !== undefined}
            onClick={() => void runs.resume()}
          >
            Resume
          </button>
        }
      >
        <button
          type="button"
          class="button large"
          aria-disabled={runs.asked() !== undefined}
          onClick={() => runs.pause()}
        >
          Pause
        </button>
      </Show>
      <StopAndKeep />
      <Show when={props.run.state !== 'running'}>
        <button type="button" class="button quiet" onClick={() => void runs.open(undefined)}>
          Set it aside and plan another
        </button>
        <Show when={obstacle()} fallback={<Show when={hint()}>{(words) => <p class="hint">{words()}</p>}</Show>}>
          {(words) => <p role="alert">{words()}</p>}
        </Show>
      </Show>
    </>
  );
}

function StopAndKeep() {
  const { runs } = useTraining();
  const [asked, setAsked] = createSignal(false);
  return (
    <>
      <button type="button" class="button" aria-disabled={runs.asked() !== undefined} onClick={() => setAsked(true)}>
        End and keep the adapter
      </button>
      <ConfirmDialog
        open={asked()}
        title="End this run?"
        action="End it"
        onClose={() => setAsked(false)}
        onDone={() => {
          runs.stop();
          goToStep('Keep');
        }}
      >
        The adapter is kept as it is now, or as it was at its best. The run cannot be resumed afterwards; after Pause it
        can.
      </ConfirmDialog>
    </>
  );
}
