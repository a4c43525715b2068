import { createSignal, For, Show } from 'solid-js';
import type { RunDetail } from '../../worker/training-api';
import { ConfirmDialog } from '../components/confirm-dialog';
import { useApp } from '../context';
import { formatNumber, formatPercent, formatWhen } from '../state/format';
import { figuresOf, formatDuration, formatLoss, notesOf, paceOf } from '../state/run-log';
import { canGoOn } from '../state/runs';
import { fits } from '../state/training-form';
import { Charts } from './charts';
import { useTraining } from './context';
import { Samples } from './samples';
import { goToStep, Step } from './steps';

/** The run: begun, watched, paused and gone on with. */
export function TrainStep() {
  const { runs } = useTraining();
  return (
    <Step title="Train" note="Training can be paused at any time, and goes on from where it was, also after a reload.">
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

function Controls() {
  const { runs, form, datasets } = useTraining();
  const { engine } = useApp();
  const [stopping, setStopping] = createSignal(false);
  const run = () => runs.shown();
  /** A run of this page that is not at its end is shown. */
  const active = () => canGoOn(run()) && !runs.isFromFile(run()?.id ?? '');
  const elsewhere = () => (runs.running()?.id === run()?.id ? undefined : runs.running());
  const problem = () => {
    const plan = form.plan.value();
    if (engine.blocked()) return 'Without WebGPU nothing can be trained here.';
    if (!form.request()) return engine.model() ? 'Rows to learn from come first, above.' : 'A model comes first.';
    return (
      plan && (plan.problem ?? (fits(plan.memory) ? '' : 'It does not fit: the plan above offers settings that do.'))
    );
  };
  const ready = () => form.request() !== undefined && !problem() && runs.asked() === undefined;
  async function start(): Promise<void> {
    await datasets.rows.flush();
    const request = form.request();
    if (request) await runs.start(request);
  }
  return (
    <div class="row train-controls">
      <Show
        when={active()}
        fallback={
          <Show
            when={elsewhere()}
            fallback={
              <>
                <button type="button" class="button primary large" disabled={!ready()} onClick={() => void start()}>
                  Start training
                </button>
                <label class="run-name">
                  <span class="visually-hidden">Name of the run</span>
                  <input
                    class="field"
                    type="text"
                    placeholder="Name of the run (may stay empty)"
                    value={form.name()}
                    onInput={(event) => form.setName(event.currentTarget.value)}
                  />
                </label>
                <Show when={problem()}>
                  <p class="hint">{problem()}</p>
                </Show>
              </>
            }
          >
            {(other) => (
              <button type="button" class="button primary" onClick={() => void runs.open(other().id)}>
                Show {other().name}, which trains now
              </button>
            )}
          </Show>
        }
      >
        <Show
          when={run()?.state === 'running'}
          fallback={
            <button
              type="button"
              class="button primary large"
              disabled={elsewhere() !== undefined || engine.blocked()}
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
        <button
          type="button"
          class="button"
          aria-disabled={runs.asked() !== undefined}
          onClick={() => setStopping(true)}
        >
          Stop and keep
        </button>
        <Show when={run()?.state !== 'running'}>
          <button type="button" class="button quiet" onClick={() => void runs.open(undefined)}>
            Put it aside and plan another
          </button>
        </Show>
        <ConfirmDialog
          open={stopping()}
          title="End this run?"
          action="End it and keep the adapter"
          onClose={() => setStopping(false)}
          onDone={() => {
            runs.stop();
            goToStep('Keep');
          }}
        >
          The adapter is kept as it is now, or as it was at its best. The run cannot be gone on with afterwards; Pause
          would leave that open.
        </ConfirmDialog>
      </Show>
    </div>
  );
}

const stateWords = {
  running: 'Training',
  paused: 'Paused',
  interrupted: 'Cut off when the page was closed',
  done: 'Done',
  stopped: 'Ended early, and kept',
  failed: 'Failed',
} as const;

function RunState(props: { run: RunDetail }) {
  const { runs } = useTraining();
  const running = () => props.run.state === 'running';
  const figures = () => figuresOf(props.run);
  const state = () => {
    if (runs.isFromFile(props.run.id)) return 'A log from a file';
    if (runs.asked() === 'pause') return 'Pausing after this step';
    if (runs.asked() === 'stop') return 'Ending after this step';
    return stateWords[props.run.state];
  };
  const told = () => {
    const { validations } = props.run;
    // the summary is told now and then, the log step by step
    const seconds = Math.max(props.run.seconds, figures().seconds);
    const shown = [
      ['Loss', formatLoss(figures().loss ?? props.run.loss)],
      ['Validation loss', formatLoss(validations.at(-1)?.loss)],
      ['Step', `${formatNumber(props.run.step)} of ${formatNumber(props.run.steps)}`],
      ['Time', seconds > 0 ? formatDuration(seconds) : '–'],
    ] as const;
    return shown;
  };
  return (
    <div class="run-state">
      <div class="row">
        <h3>{props.run.name}</h3>
        <span class="run-badge" data-state={props.run.state}>
          {state()}
        </span>
        <span class="figures">{paceOf(figures(), running())}</span>
      </div>
      <div
        class="bar"
        role="progressbar"
        aria-label={`Steps of ${props.run.name}`}
        aria-valuemin="0"
        aria-valuemax={props.run.steps}
        aria-valuenow={props.run.step}
        aria-valuetext={`Step ${props.run.step} of ${props.run.steps}, ${formatPercent(props.run.step, props.run.steps)}`}
      >
        <span style={{ transform: `scaleX(${props.run.steps > 0 ? props.run.step / props.run.steps : 0})` }} />
      </div>
      <dl class="run-figures">
        <For each={told()}>
          {([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          )}
        </For>
      </dl>
      <Show when={props.run.problem}>{(problem) => <p role="alert">{problem()}</p>}</Show>
      <For each={notesOf(props.run)}>{(note) => <p class="note">{note}</p>}</For>
      <Show when={canGoOn(props.run) && !runs.isFromFile(props.run.id)}>
        <p class="hint">{safetyWords(props.run)}</p>
      </Show>
    </div>
  );
}

/** What a closed tab means. */
function safetyWords(run: RunDetail): string {
  const { checkpointStep, state, startedAt, request } = run;
  const from = checkpointStep === undefined ? 'from the beginning' : `from step ${formatNumber(checkpointStep)}`;
  if (state === 'interrupted') {
    return `The page was closed while it trained (begun ${formatWhen(startedAt)}). Resume goes on ${from}, exactly as if nothing had happened.`;
  }
  if (state === 'failed') return `What was learnt is kept. Resume tries again ${from}.`;
  if (state === 'paused') return `Nothing is lost when this page is closed. Resume goes on ${from}.`;
  return `You may close this page: everything is kept every ${formatNumber(request.config.save_steps)} steps and when the page is hidden${
    checkpointStep === undefined ? '' : `, last at step ${formatNumber(checkpointStep)}`
  }. Training rests while the page is closed and goes on with Resume. Chat can be used meanwhile.`;
}
