import { createMemo, For, Show } from 'solid-js';
import type { RunDetail } from '../../worker/contract';
import { formatLoss, formatSmall, smoothed, smoothingFor, summaryOf, thinned } from './run-log';
import { Chart, type Curve } from './chart';

/** Rows of the table that stands for the curves. */
const TABLE_ROWS = 40;

const orNull = (value: number | undefined) => (value === undefined || !Number.isFinite(value) ? null : value);

/** The curves of a run; for those who do not see them, a sentence and a table. */
export function Charts(props: { run: RunDetail }) {
  const steps = createMemo(() => props.run.log.map(({ step }) => step));
  const losses = createMemo(() => {
    const raw = props.run.log.map(({ loss }) => loss);
    const validation = new Map(props.run.validations.map(({ step, loss }) => [step, loss]));
    // before the first step there is a validation, and no loss
    const before = validation.has(0) ? [0] : [];
    const none = before.map(() => null);
    return [
      [...before, ...steps()],
      [...none, ...raw.map(orNull)],
      [...none, ...smoothed(raw, smoothingFor(raw.length)).map(orNull)],
      [...before, ...steps()].map((step) => validation.get(step) ?? null),
    ];
  });
  const of = (pick: (record: RunDetail['log'][number]) => number) =>
    createMemo(() => [steps(), props.run.log.map((record) => orNull(pick(record)))]);
  const norms = of(({ gradNorm }) => gradNorm);
  const rates = of(({ learningRate }) => learningRate);
  const hasRates = () => props.run.log.some(({ learningRate }) => Number.isFinite(learningRate));
  const hasNorms = () => props.run.log.some(({ gradNorm }) => Number.isFinite(gradNorm));
  const lossCurves = createMemo<readonly Curve[]>(() => [
    { label: 'Loss', color: '--series-faint', width: 1 },
    { label: 'Smoothed', color: '--accent', width: 2 },
    ...(props.run.validations.length > 0
      ? [{ label: 'Validation', color: '--series-2', width: 2, sparse: true } satisfies Curve]
      : []),
  ]);
  return (
    <Show when={props.run.log.length > 0}>
      <div class="charts">
        <Chart
          class="wide"
          title="Loss"
          data={losses().slice(0, lossCurves().length + 1)}
          curves={lossCurves()}
          format={formatLoss}
          end={props.run.steps}
        />
        <Show when={hasNorms()}>
          <Chart
            title="Gradient norm"
            data={norms()}
            curves={[{ label: 'Gradient norm', color: '--series-3', width: 1.5 }]}
            format={formatSmall}
            end={props.run.steps}
          />
        </Show>
        <Show when={hasRates()}>
          <Chart
            title="Learning rate"
            data={rates()}
            curves={[{ label: 'Learning rate', color: '--series-4', width: 1.5 }]}
            format={formatSmall}
            end={props.run.steps}
          />
        </Show>
      </div>
      <LogTable run={props.run} />
    </Show>
  );
}

function LogTable(props: { run: RunDetail }) {
  const rows = () => thinned(props.run.log, TABLE_ROWS);
  const validation = createMemo(() => new Map(props.run.validations.map(({ step, loss }) => [step, loss])));
  return (
    <div class="visually-hidden">
      <p>{summaryOf(props.run)}</p>
      <table>
        <caption>Log of {props.run.name}</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Loss</th>
            <th scope="col">Validation loss</th>
            <th scope="col">Gradient norm</th>
            <th scope="col">Learning rate</th>
          </tr>
        </thead>
        <tbody>
          <Show when={validation().has(0)}>
            <tr>
              <th scope="row">0</th>
              <td>–</td>
              <td>{formatLoss(validation().get(0))}</td>
              <td>–</td>
              <td>–</td>
            </tr>
          </Show>
          <For each={rows()}>
            {(record) => (
              <tr>
                <th scope="row">{record.step}</th>
                <td>{formatLoss(record.loss)}</td>
                <td>{formatLoss(validation().get(record.step))}</td>
                <td>{formatSmall(record.gradNorm)}</td>
                <td>{formatSmall(record.learningRate)}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  );
}
