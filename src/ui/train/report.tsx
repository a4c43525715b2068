import { createMemo, For, Show } from 'solid-js';
import type { DatasetReport, RowProblem } from '../../worker/contract';
import { countOf, formatNumber } from '../shared/format';
import { useTraining } from './context';

/** Problems of one kind that are listed. */
const LISTED = 60;

/** What was found in the rows: how long they are, and what is wrong with them. */
export function Report() {
  const { form } = useTraining();
  return (
    <Show when={form.report.value()} fallback={<ReportState />}>
      {(report) => (
        <div class="report" aria-busy={form.report.pending()}>
          <Lengths report={report()} cutoff={form.config().cutoff_len} />
          <Problems problems={report().problems} />
        </div>
      )}
    </Show>
  );
}

function ReportState() {
  const { form } = useTraining();
  return (
    <Show when={form.report.error()} fallback={<p class="hint">{form.report.pending() ? 'Checking the rows' : ''}</p>}>
      {(error) => <p role="alert">{error().message}</p>}
    </Show>
  );
}

const percent = (share: number) => {
  const value = share * 100;
  // all is said only of all
  return `${share < 1 ? Math.min(99.9, Math.round(value * 10) / 10) : 100} %`;
};

function Lengths(props: { report: DatasetReport; cutoff: number }) {
  const most = createMemo(() => Math.max(1, ...props.report.histogram.map(({ rows }) => rows)));
  const end = () => props.report.histogram.at(-1)?.to ?? 1;
  const words = () => {
    const { longest, coverage, tokens, labelled, ended, rows } = props.report;
    const fit =
      coverage.rows >= 1
        ? `Every row fits into the cutoff of ${formatNumber(props.cutoff)} tokens; the longest has ${formatNumber(longest)}.`
        : `${percent(coverage.rows)} of the rows and ${percent(coverage.tokens)} of the tokens fit into the cutoff of ${formatNumber(props.cutoff)}; the longest row has ${formatNumber(longest)} tokens.`;
    const stops =
      ended === rows
        ? 'Every row teaches the model to stop.'
        : `${formatNumber(ended)} of ${countOf(rows, 'row')} ${rows === 1 ? 'teaches' : 'teach'} the model to stop.`;
    return `${fit} ${formatNumber(tokens)} tokens are read, ${formatNumber(labelled)} of them in the loss. ${stops}`;
  };
  return (
    <figure class="lengths">
      <figcaption>Tokens per row</figcaption>
      <div class="histogram" role="img" aria-label={words()}>
        <For each={props.report.histogram}>
          {(bucket) => (
            <span
              class="bucket"
              classList={{ beyond: bucket.from >= props.cutoff }}
              title={`${formatNumber(bucket.from)} to ${formatNumber(bucket.to - 1)} tokens: ${countOf(bucket.rows, 'row')}`}
            >
              <span style={{ height: `${(bucket.rows / most()) * 100}%` }} />
            </span>
          )}
        </For>
        <Show when={props.cutoff < end()}>
          <span class="cutoff" style={{ left: `${(props.cutoff / end()) * 100}%` }}>
            <span>cutoff</span>
          </span>
        </Show>
      </div>
      <div class="axis" aria-hidden="true">
        <span>0</span>
        <span>{formatNumber(end())}</span>
      </div>
      <p class="hint">{words()}</p>
    </figure>
  );
}

const codeNames: Readonly<Record<string, string>> = {
  'hallucinated-url': 'Made-up address',
  'empty-output': 'Empty answer',
  'na-output': 'Answer is “N/A”',
  'no-input-marker': 'Marker in place of no input',
  'image-request': 'Asks for an image',
  'wrong-answer': 'Doubtful answer',
  'no-labels': 'Nothing to learn',
  'too-long': 'Longer than the cutoff',
  'no-eos': 'No end-of-text token in the loss',
  'not-json': 'Not JSON',
  'missing-field': 'A field is missing',
  'wrong-cells': 'Wrong number of cells',
  'torn-quotes': 'Unmatched quotation marks',
  'template-refuses': 'Refused by the chat template',
  'foreign-token': 'Not a token of the model',
  'late-system': 'System message among the turns',
  'answer-first': 'Begins with an answer',
  'same-role': 'Same role twice in a row',
  'question-last': 'Ends with a question',
};
/** `wrong-answer` → `Wrong answer` */
const nameOf = (code: string) => {
  const words = code.replaceAll('-', ' ');
  return codeNames[code] ?? words.charAt(0).toUpperCase() + words.slice(1);
};

function Problems(props: { problems: readonly RowProblem[] }) {
  const groups = createMemo(() => {
    const byCode = new Map<string, RowProblem[]>();
    for (const problem of props.problems) byCode.set(problem.code, [...(byCode.get(problem.code) ?? []), problem]);
    return [...byCode].toSorted(([, a], [, b]) => b.length - a.length);
  });
  return (
    <section class="problems" aria-label="Problems of the rows">
      <h3>Check</h3>
      <Show
        when={props.problems.length > 0}
        fallback={<p class="hint">No problems found: no duplicates, no empty answers, no stray markers.</p>}
      >
        <For each={groups()}>{([code, problems]) => <ProblemGroup code={code} problems={problems} />}</For>
      </Show>
    </section>
  );
}

function ProblemGroup(props: { code: string; problems: readonly RowProblem[] }) {
  const { rows } = useTraining().datasets;
  const jump = (row: number) => {
    rows.select(row);
    document.querySelector<HTMLElement>('.row-editor textarea')?.focus();
  };
  return (
    <details class="fold" open={props.problems.length < 6}>
      <summary>
        {nameOf(props.code)} · {formatNumber(props.problems.length)}
      </summary>
      <ul>
        <For each={props.problems.slice(0, LISTED)}>
          {(problem) => (
            <li>
              <button type="button" class="jump" onClick={() => jump(problem.row)}>
                Row {formatNumber(problem.row + 1)}
              </button>
              <span class="hint">{problem.message}</span>
            </li>
          )}
        </For>
      </ul>
      <Show when={props.problems.length > LISTED}>
        <p class="hint">and {formatNumber(props.problems.length - LISTED)} more</p>
      </Show>
    </details>
  );
}
