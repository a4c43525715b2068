import { For, type JSX } from 'solid-js';
import { useApp } from '../context';
import { countOf, formatNumber } from '../state/format';
import { useTraining } from './context';

const titles = ['Data', 'Plan', 'Train', 'Keep'] as const;
type Title = (typeof titles)[number];

const idOf = (title: Title) => `step-${title.toLowerCase()}`;

/** Brings a step into sight. */
export function goToStep(title: Title): void {
  const step = document.getElementById(idOf(title));
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  step?.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' });
  step?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
}

/** Where things stand, step by step; each is a way to it. */
export function StepNavigation() {
  const { datasets, form, runs } = useTraining();
  const { adapters } = useApp();
  const words = (title: Title): string => {
    const run = runs.shown();
    switch (title) {
      case 'Data':
        return datasets.chosen() ? countOf(datasets.rows.count(), 'row') : 'no rows yet';
      case 'Plan': {
        const plan = form.plan.value();
        if (!plan) return form.preset()?.name ?? 'own settings';
        return plan.problem ? 'needs a change' : countOf(plan.steps, 'step');
      }
      case 'Train':
        if (!run) return 'not begun';
        return run.state === 'running' || run.state === 'paused' || run.state === 'interrupted'
          ? `${run.state}, ${formatNumber(run.step)} of ${formatNumber(run.steps)}`
          : run.state;
      case 'Keep':
        if (adapters.ofModel().length === 0) return 'nothing yet';
        return adapters.ofModel().length === 1 ? '1 adapter' : `${adapters.ofModel().length} adapters`;
    }
  };
  return (
    <nav class="step-navigation" aria-label="Steps">
      <ol>
        <For each={titles}>
          {(title, i) => (
            <li>
              <button type="button" onClick={() => goToStep(title)}>
                <span class="step-number">{i() + 1}</span>
                <span class="step-title">{title}</span>
                <span class="hint">{words(title)}</span>
              </button>
            </li>
          )}
        </For>
      </ol>
    </nav>
  );
}

/** One of the four steps. */
export function Step(props: { title: Title; note: string; children: JSX.Element }) {
  const heading = () => `${idOf(props.title)}-heading`;
  return (
    <section class="step" id={idOf(props.title)} aria-labelledby={heading()}>
      <header class="step-head">
        <span class="step-number" aria-hidden="true">
          {titles.indexOf(props.title) + 1}
        </span>
        <h2 id={heading()} tabindex="-1">
          {props.title}
        </h2>
        <p class="hint">{props.note}</p>
      </header>
      {props.children}
    </section>
  );
}
