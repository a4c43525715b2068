import 'uplot/dist/uPlot.min.css';
import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type uPlot from 'uplot';
import { useApp } from '../context';
import { formatSmall } from './run-log';

export interface Curve {
  readonly label: string;
  /** A token of styles/tokens.css. */
  readonly color: string;
  readonly width: number;
  /** Few values, of which each is marked. */
  readonly sparse?: boolean;
}

type Data = readonly (readonly (number | null)[])[];

/** Between marks of the steps: none lies between two steps. */
const WHOLE_STEPS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((power) => [power, 2 * power, 5 * power]);

const HEIGHT = { wide: 260, small: 170 };

/** Curves over steps, drawn by uPlot, which is fetched for the first of them. */
export function Chart(props: {
  title: string;
  data: Data;
  curves: readonly Curve[];
  format: (value: number) => string;
  /** The last step that will be. */
  end?: number;
  class?: string;
}) {
  const { theme } = useApp();
  const [at, setAt] = createSignal<number>();
  let box!: HTMLDivElement;
  let plot: uPlot | undefined;
  let library: typeof uPlot | undefined;
  let frame = 0;

  const token = (name: string): string => {
    // light-dark() is resolved where a colour is used
    box.style.color = `var(${name})`;
    const color = getComputedStyle(box).color;
    box.style.color = '';
    return color;
  };
  const data = () => props.data as unknown as uPlot.AlignedData;

  function make(): void {
    if (!library) return;
    plot?.destroy();
    const axis: uPlot.Axis = {
      stroke: token('--quiet'),
      font: '12px system-ui, sans-serif',
      grid: { stroke: token('--line'), width: 1 },
      ticks: { show: false },
    };
    plot = new library(
      {
        width: box.clientWidth,
        height: props.class === 'wide' ? HEIGHT.wide : HEIGHT.small,
        legend: { show: false },
        cursor: { y: false, points: { size: 6 } },
        scales: {
          x: { time: false, range: (_, least, most) => [Math.min(1, least ?? 1), Math.max(props.end ?? 1, most ?? 1)] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 28, incrs: WHOLE_STEPS },
          { ...axis, size: 52, values: (_, splits) => splits.map((value) => formatSmall(value)) },
        ],
        series: [
          {},
          ...props.curves.map(({ label, color, width, sparse }) => ({
            label,
            stroke: token(color),
            width,
            spanGaps: true,
            points: sparse ? { show: true, size: 6, fill: token(color) } : { show: false },
          })),
        ],
        hooks: { setCursor: [(self) => setAt(self.cursor.idx ?? undefined)] },
      },
      data(),
      box,
    );
  }

  onMount(() => {
    let gone = false;
    const observer = new ResizeObserver(() => plot?.setSize({ width: box.clientWidth, height: plot.height }));
    observer.observe(box);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', make);
    void import('uplot').then(({ default: loaded }) => {
      library = loaded;
      if (!gone) make();
    });
    onCleanup(() => {
      gone = true;
      cancelAnimationFrame(frame);
      observer.disconnect();
      dark.removeEventListener('change', make);
      plot?.destroy();
    });
  });
  createEffect(on([theme.theme, () => props.curves.map(({ label }) => label).join()], make, { defer: true }));
  createEffect(
    on(
      () => props.data,
      () => {
        // many steps may come within one frame
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => plot?.setData(data()));
      },
      { defer: true },
    ),
  );

  const readout = (curve: number) => {
    const index = at() ?? lastOf(props.data[curve + 1] ?? []);
    const value = props.data[curve + 1]?.[index];
    return value === null || value === undefined ? '–' : props.format(value);
  };
  const step = () => {
    const index = at();
    return index === undefined ? '' : `step ${props.data[0][index]}`;
  };
  return (
    <figure class={`chart ${props.class ?? ''}`} role="img" aria-label={`Chart: ${props.title}`}>
      <figcaption>
        <span class="chart-title">{props.title}</span>
        <For each={props.curves}>
          {(curve, i) => (
            <span class="chart-key">
              <span class="line" style={{ background: `var(${curve.color})` }} />
              <Show when={props.curves.length > 1}>{curve.label} </Show>
              <span class="figures">{readout(i())}</span>
            </span>
          )}
        </For>
        <span class="spring" />
        <span class="figures">{step()}</span>
      </figcaption>
      <div ref={box} class="chart-box" />
    </figure>
  );
}

const lastOf = (values: readonly (number | null)[]) => values.findLastIndex((value) => value !== null);
