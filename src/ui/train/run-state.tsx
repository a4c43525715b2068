import { For, Show } from 'solid-js';
import type { RunDetail } from '../../worker/contract';
import { formatNumber, formatPercent, formatWhen } from '../shared/format';
import { canGoOn } from './run-events';
import { figuresOf, formatDuration, formatLoss, notesOf, paceOf } from './run-log';
import { useTraining } from './context';
import { FigureList } from './figure-list';

const stateWords = {
  running: 'Training',
  paused: 'Paused',
  interrupted: 'Interrupted when the page was closed',
  done: 'Done',
  stopped: 'Ended early; adapter kept',
  failed: 'Failed',
} as const;

/** How a run stands: figures, and what a closed tab means. */
export function RunState(props: { run: RunDetail }) {
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
    const { validations, seconds } = props.run;
    const shown = [
      ['Loss, smoothed', formatLoss(figures().loss ?? props.run.loss)],
      ['Validation loss', validationWords(validations)],
      ['Step', `${formatNumber(props.run.step)} of ${formatNumber(props.run.steps)}`],
      ['Time', seconds >= 1 ? formatDuration(seconds) : '–'],
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
      <FigureList class="run-figures" of={told()} />
      <Show when={props.run.problem}>{(problem) => <p role="alert">{problem()}</p>}</Show>
      <For each={notesOf(props.run)}>{(note) => <p class="note">{note}</p>}</For>
      <Show when={canGoOn(props.run) && !runs.isFromFile(props.run.id) && !runs.obstacle(props.run)}>
        <p class="hint">{safetyWords(props.run)}</p>
      </Show>
    </div>
  );
}

/** `1.234, from 2.345`: what it is, and what it was before anything was learnt. */
function validationWords(validations: RunDetail['validations']): string {
  const [first, last] = [validations.at(0), validations.at(-1)];
  const before = first?.step === 0 && last !== first ? `, from ${formatLoss(first.loss)}` : '';
  return `${formatLoss(last?.loss)}${before}`;
}

/** What a closed tab means. */
function safetyWords(run: RunDetail): string {
  const { checkpointStep, state, startedAt, unkept } = run;
  const from = checkpointStep === undefined ? 'from the beginning' : `from step ${formatNumber(checkpointStep)}`;
  if (state === 'interrupted') {
    return `The page was closed during training (started ${formatWhen(startedAt)}). Resume continues ${from}, exactly as if nothing had happened.`;
  }
  if (state === 'failed') return `What was learned is kept. Resume tries again ${from}.`;
  if (unkept) return 'Free some space, for example by deleting a model that you do not need, and press Resume.';
  if (state === 'paused') return `Nothing is lost when this page is closed. Resume continues ${from}.`;
  const last = checkpointStep === undefined ? '' : `, last at step ${formatNumber(checkpointStep)}`;
  return `You can close this page: checkpoints are saved now and then and when the page is hidden${last}. Training pauses while the page is closed and continues with Resume. You can use Chat meanwhile.`;
}
