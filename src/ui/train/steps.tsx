import { createComputed, createEffect, createMemo, createSignal, For, type JSX, on, Show } from 'solid-js';
import { useApp } from '../context';
import { countOf, formatNumber } from '../shared/format';
import { useTraining } from './context';

const titles = ['Data', 'Plan', 'Train', 'Keep'] as const;
type Title = (typeof titles)[number];

const idOf = (title: Title) => `step-${title.toLowerCase()}`;

/** Brings a step into sight. */
export function goToStep(title: Title): void {
  const step = document.getElementById(idOf(title));
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  // what was folded above it has gone by then
  requestAnimationFrame(() => step?.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' }));
  step?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
}

/** Leaves a run where it is on the screen as it ends, while the steps above it unfold. */
export function holdPlace(isRunActive: () => boolean): void {
  const active = createMemo(isRunActive);
  // measured before anything is drawn anew
  createComputed(
    on(
      active,
      (isActive) => {
        const step = document.getElementById(idOf('Train'));
        const top = step?.getBoundingClientRect().top ?? innerHeight;
        if (isActive || top >= innerHeight) return;
        const hold = () =>
          step?.closest('.page')?.scrollBy({ top: step.getBoundingClientRect().top - top, behavior: 'instant' });
        queueMicrotask(hold);
        requestAnimationFrame(hold);
      },
      { defer: true },
    ),
  );
}

/** The step that comes next: what is missing, what goes on, or what came of it. */
function useCurrent(): () => Title {
  const { datasets, runs } = useTraining();
  return () => {
    const run = runs.shown();
    if (runs.active()) return 'Train';
    if (run?.adapterId !== undefined) return 'Keep';
    return datasets.rows.count() > 0 ? 'Plan' : 'Data';
  };
}

/** Where things stand, step by step; each is a way to it. */
export function StepNavigation() {
  const { datasets, form, runs } = useTraining();
  const { adapters } = useApp();
  const current = useCurrent();
  const words = (title: Title): string => {
    const run = runs.shown();
    switch (title) {
      case 'Data':
        return datasets.chosen() ? countOf(datasets.rows.count(), 'row') : 'no rows yet';
      case 'Plan': {
        const plan = form.plan.value();
        if (!plan) return form.preset()?.name ?? 'custom settings';
        return plan.problem ? 'needs a change' : countOf(plan.steps, 'step');
      }
      case 'Train':
        if (!run) return 'not started';
        return run.state === 'running' || run.state === 'paused' || run.state === 'interrupted'
          ? `${run.state}, ${formatNumber(run.step)} of ${formatNumber(run.steps)}`
          : run.state;
      case 'Keep':
        return adapters.ofModel().length === 0 ? 'no adapter yet' : countOf(adapters.ofModel().length, 'adapter');
    }
  };
  return (
    <nav class="step-navigation" aria-label="Steps">
      <ol>
        <For each={titles}>
          {(title, i) => (
            <li>
              <button
                type="button"
                aria-current={current() === title ? 'step' : undefined}
                onClick={() => goToStep(title)}
              >
                <span class="step-number">{i() + 1}</span>
                <span class="step-title">{title}</span>
                <span class="hint step-state">{words(title)}</span>
              </button>
            </li>
          )}
        </For>
      </ol>
    </nav>
  );
}

/** One of the four steps; `folded` are the words that stand for it while it is not needed. */
export function Step(props: { title: Title; note: string; folded?: string | undefined; children: JSX.Element }) {
  const heading = () => `${idOf(props.title)}-heading`;
  const body = () => `${idOf(props.title)}-body`;
  const [open, setOpen] = createSignal(false);
  const folds = createMemo(() => Boolean(props.folded));
  const hidden = () => folds() && !open();
  // each run finds it folded
  createEffect(on(folds, () => setOpen(false), { defer: true }));
  return (
    <section class="step" id={idOf(props.title)} aria-labelledby={heading()}>
      <header class="step-head">
        <span class="step-number" aria-hidden="true">
          {titles.indexOf(props.title) + 1}
        </span>
        <h2 id={heading()} tabindex="-1">
          {props.title}
        </h2>
        <p class="hint step-note">{props.folded || props.note}</p>
        <Show when={folds()}>
          <span class="spring" />
          <button
            type="button"
            class="button quiet"
            aria-expanded={open()}
            aria-controls={body()}
            aria-label={`${open() ? 'Fold' : 'Unfold'} ${props.title}`}
            onClick={() => setOpen(!open())}
          >
            {open() ? 'Fold' : 'Unfold'}
          </button>
        </Show>
      </header>
      <div class="step-body" id={body()} hidden={hidden()}>
        {props.children}
      </div>
    </section>
  );
}
