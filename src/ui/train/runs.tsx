import { createMemo, createSignal, For, Show } from 'solid-js';
import type { RunSummary } from '../../worker/contract';
import { ConfirmDialog } from '../shared/confirm-dialog';
import { Icon } from '../shared/icon';
import { Menu } from '../shared/menu';
import { countOf, formatNumber, formatWhen } from '../shared/format';
import { formatLoss, overlaid } from './run-log';
import { isResting } from './run-events';
import { Chart, type Curve } from './chart';
import { useTraining } from './context';
import { Sparkline } from './sparkline';
import { goToStep } from './steps';

/** Runs that were made here, and logs of elsewhere; opened, compared, removed. */
export function PastRuns() {
  const { runs } = useTraining();
  const take = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (file) void runs.openLog(file).then(() => goToStep('Train'));
    input.value = '';
  };
  return (
    <section class="past-runs" aria-label="Past runs">
      <header class="row">
        <h2>Runs</h2>
        <span class="spring" />
        <label class="button quiet">
          Open a trainer_state.json
          <input
            class="hidden-input"
            type="file"
            accept=".json,application/json"
            onChange={(event) => take(event.currentTarget)}
          />
        </label>
      </header>
      <Comparison />
      <Show
        when={runs.list().length > 0}
        fallback={<p class="hint">Runs are listed here, with their curves, for as long as you keep them.</p>}
      >
        <ul class="run-list">
          <For each={runs.list().map(({ id }) => id)}>{(id) => <RunRow id={id} />}</For>
        </ul>
      </Show>
    </section>
  );
}

const colors = ['--accent', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'] as const;

/** The smoothed losses of the chosen runs, over each other. */
function Comparison() {
  const { runs } = useTraining();
  const data = createMemo(() => overlaid(runs.compared().map(({ log }) => log)));
  const curves = createMemo<readonly Curve[]>(() =>
    runs.compared().map(({ name }, i) => ({ label: name, color: colors[i % colors.length], width: 2 })),
  );
  return (
    <Show when={runs.compared().length > 1}>
      <Chart class="wide" title="Smoothed loss" data={data()} curves={curves()} format={formatLoss} />
    </Show>
  );
}

const stateNames = {
  running: 'training',
  paused: 'paused',
  interrupted: 'interrupted',
  done: 'done',
  stopped: 'ended early',
  failed: 'failed',
} as const;

function RunRow(props: { id: string }) {
  const { runs } = useTraining();
  const run = () => runs.list().find(({ id }) => id === props.id);
  return <Show when={run()}>{(found) => <Row run={found()} />}</Show>;
}

function Row(props: { run: RunSummary }) {
  const { runs } = useTraining();
  const [removing, setRemoving] = createSignal(false);
  const fromFile = () => runs.isFromFile(props.run.id);
  const open = () => void runs.open(props.run.id).then(() => goToStep('Train'));
  const items = () => [
    { label: 'Open', run: open },
    ...(fromFile() ? [] : [{ label: 'Export trainer_state.json', run: () => runs.saveLog(props.run.id) }]),
    ...(props.run.state === 'running'
      ? []
      : [
          {
            label: fromFile() ? 'Close' : 'Remove',
            run: () => (fromFile() ? void runs.remove(props.run.id) : setRemoving(true)),
          },
        ]),
  ];
  const words = () => {
    const { modelName, datasetName, step, steps, loss, validationLoss } = props.run;
    const parts = [
      fromFile() ? 'from a file' : `${modelName}, ${datasetName}`,
      `${formatNumber(step)} of ${countOf(steps, 'step')}`,
      loss !== undefined && `loss ${formatLoss(loss)}`,
      validationLoss !== undefined && `validation ${formatLoss(validationLoss)}`,
    ];
    return parts.filter(Boolean).join(' · ');
  };
  return (
    <li classList={{ shown: runs.shown()?.id === props.run.id }}>
      <input
        type="checkbox"
        aria-label={`Compare ${props.run.name}`}
        title="Compare"
        checked={runs.isCompared(props.run.id)}
        onChange={(event) => void runs.compare(props.run.id, event.currentTarget.checked)}
      />
      <button type="button" class="item-open run-open" onClick={open}>
        <span class="item-title">{props.run.name}</span>
        <span class="hint run-words">{words()}</span>
      </button>
      <Sparkline values={props.run.lossSparkline} />
      <span class="run-badge" data-state={props.run.state}>
        {fromFile() ? 'log' : stateNames[props.run.state]}
      </span>
      <Show when={isResting(props.run) && runs.running() === undefined && runs.shown()?.id !== props.run.id}>
        <button
          type="button"
          class="button"
          aria-label={`Continue ${props.run.name}`}
          onClick={() => {
            void runs.resume(props.run.id);
            goToStep('Train');
          }}
        >
          Continue
        </button>
      </Show>
      <Show when={!fromFile()}>
        <time datetime={new Date(props.run.startedAt).toISOString()}>{formatWhen(props.run.startedAt)}</time>
      </Show>
      <Menu label={`More about ${props.run.name}`} items={items()}>
        <Icon name="more" />
      </Menu>
      <ConfirmDialog
        open={removing()}
        title={`Remove ${props.run.name}?`}
        action="Remove"
        onClose={() => setRemoving(false)}
        onDone={() => void runs.remove(props.run.id)}
      >
        This deletes its log, samples and checkpoint{isResting(props.run) ? ', and it cannot be resumed' : ''}.
        {props.run.adapterId === undefined ? '' : ' The adapter that it made is kept.'}
      </ConfirmDialog>
    </li>
  );
}
