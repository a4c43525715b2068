import { For, onCleanup, onMount, Show } from 'solid-js';
import type { TrainingPlan, Warning } from '../../worker/contract';
import { useApp } from '../context';
import { formatBytes, formatCount, countOf, formatNumber, formatSeconds } from '../shared/format';
import { fits } from './training-form';
import { useTraining } from './context';
import { FigureList } from './figure-list';

/** Why it cannot start, where no warning says so. */
const untold = ({ problem, warnings }: TrainingPlan) =>
  problem !== undefined && warnings.some(({ message }) => message.startsWith(problem)) ? undefined : problem;

/** What the settings come to: steps, time, memory, and what is wrong with them. */
export function PlanSummary() {
  const { form, datasets } = useTraining();
  const { engine } = useApp();
  const missing = () => {
    if (!engine.model()) return 'Add a model first.';
    return datasets.rows.count() === 0 ? 'Add a dataset first.' : '';
  };
  return (
    <section class="plan-summary" aria-label="What it takes" aria-busy={form.plan.pending()}>
      <Show
        when={form.plan.value()}
        fallback={<p class="hint">{missing() || (form.plan.error() ? '' : 'Making the plan')}</p>}
      >
        {(plan) => (
          <>
            <Figures plan={plan()} />
            <MemoryBar memory={plan().memory} />
            <Show when={untold(plan())}>{(problem) => <p role="alert">{problem()}</p>}</Show>
            <Warnings warnings={plan().warnings} />
            <Show when={plan().problem !== undefined || !fits(plan().memory)}>
              <button type="button" class="button" onClick={() => form.takeElsewhere()}>
                Export it for a larger machine
              </button>
            </Show>
          </>
        )}
      </Show>
      <Show when={form.plan.error()}>{(error) => <p role="alert">{error().message}</p>}</Show>
    </section>
  );
}

function Figures(props: { plan: TrainingPlan }) {
  const { form } = useTraining();
  const warmup = () => {
    const { warmupSteps, steps } = props.plan;
    return `${countOf(warmupSteps, 'step')}, ${steps > 0 ? Math.round((warmupSteps / steps) * 100) : 0} %`;
  };
  const rows = () => {
    const { rows: trained, validationRows, skippedRows } = props.plan;
    const parts = [
      `${formatNumber(trained)} for training`,
      validationRows > 0 && `${formatNumber(validationRows)} for validation`,
      skippedRows > 0 && `${formatNumber(skippedRows)} with nothing to learn`,
    ];
    return parts.filter(Boolean).join(', ');
  };
  const { estimate } = form;
  const seconds = () => estimate.secondsPerStep() ?? props.plan.secondsPerStep;
  const share = () => estimate.measuring()?.share;
  onMount(() => onCleanup(form.watch()));
  const figures = () =>
    [
      ['Steps', `${formatNumber(props.plan.steps)}, ${formatNumber(props.plan.stepsPerEpoch)} per epoch`],
      [form.config().packing ? 'Packed sequences per step' : 'Rows per step', formatNumber(props.plan.effectiveBatch)],
      ['Warmup', warmup()],
      ['Rows', rows()],
      ['Tokens', `${formatNumber(props.plan.tokens)}, ${formatNumber(props.plan.labelled)} in the loss`],
      ['Trainable parameters', formatCount(props.plan.trainableParameters)],
    ] as const;
  return (
    <>
      <p class="plan-time">
        <span role="status">
          <Show
            when={seconds()}
            fallback={
              <Show when={estimate.measuring()} fallback="Time unknown">
                Timing a step
                <Show when={share()}>{(done) => <span class="figures"> {Math.round(done() * 100)} %</span>}</Show>
              </Show>
            }
          >
            {(each) => `About ${formatSeconds(each() * props.plan.steps * 1000)}`}
          </Show>
        </span>
        <button
          type="button"
          class="button"
          onClick={() => (estimate.measuring() ? estimate.cancel() : estimate.measure())}
        >
          {estimate.measuring() ? 'Cancel' : seconds() === undefined ? 'Measure' : 'Measure again'}
        </button>
      </p>
      <FigureList class="plan-figures" of={figures()} />
    </>
  );
}

/** The parts that memory goes to, against what there is. */
function MemoryBar(props: { memory: TrainingPlan['memory'] }) {
  const { engine } = useApp();
  const room = () => Math.max(props.memory.total, props.memory.limit ?? 0, 1);
  const words = () => {
    const { total, limit, fits: tried } = props.memory;
    const sum = `${formatBytes(total)} of GPU memory`;
    if (limit !== undefined) return `${sum}; ${engine.device()?.name ?? 'the device'} offers ${formatBytes(limit)}.`;
    if (tried === true) return `${sum}. A test showed that it fits.`;
    return `${sum}. The device does not report how much it has.`;
  };
  return (
    <div class="memory">
      <h3>Memory</h3>
      <div class="memory-bar" role="img" aria-label={words()}>
        <For each={props.memory.parts}>
          {(part) => (
            <span
              style={{ width: `${(part.bytes / room()) * 100}%` }}
              title={`${part.name}: ${formatBytes(part.bytes)}`}
            />
          )}
        </For>
        <Show when={props.memory.limit !== undefined && props.memory.limit < props.memory.total}>
          <i style={{ left: `${((props.memory.limit ?? 0) / room()) * 100}%` }} />
        </Show>
      </div>
      <p class="hint" classList={{ danger: !fits(props.memory) }}>
        {words()}
      </p>
      <ul class="memory-parts">
        <For each={props.memory.parts}>
          {(part) => (
            <li>
              <span class="part-swatch" />
              {part.name} <span class="figures inherit">{formatBytes(part.bytes)}</span>
            </li>
          )}
        </For>
      </ul>
    </div>
  );
}

function Warnings(props: { warnings: readonly Warning[] }) {
  const { form } = useTraining();
  return (
    <ul class="warnings">
      <For each={props.warnings}>
        {(warning) => (
          <li classList={{ severe: warning.code === 'out-of-memory' }}>
            <p>{warning.message}</p>
            <Show when={warning.fix}>
              {(fix) => (
                <button
                  type="button"
                  class="button compact"
                  aria-label={`Fix: ${warning.message}`}
                  onClick={() => form.fix(fix())}
                >
                  {warning.code === 'out-of-memory' ? 'Make it fit' : 'Fix it'}
                </button>
              )}
            </Show>
          </li>
        )}
      </For>
    </ul>
  );
}
