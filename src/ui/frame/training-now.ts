// The run that trains or rests, as far as every place of the page shows it: a ring beside Fine-tune, a share in the title.
import { type Accessor, createEffect, createSignal } from 'solid-js';
import type { Client } from '../../worker/client';
import type { RunSummary, TrainingEvent } from '../../worker/contract';
import { isResting } from '../train/run-events';

export interface TrainingNow {
  readonly id: string;
  readonly name: string;
  readonly state: 'running' | 'resting';
  /** The share of its steps that is done, 0 to 1. */
  readonly share: number;
}

const TITLE = 'Pronk';

const shareOf = ({ step, steps }: Pick<RunSummary, 'step' | 'steps'>) => (steps > 0 ? Math.min(1, step / steps) : 0);

/** What a run is to the rest of the page; undefined for one that is at its end. */
function nowOf(run: RunSummary): TrainingNow | undefined {
  const state = run.state === 'running' ? 'running' : isResting(run) ? 'resting' : undefined;
  return state && { id: run.id, name: run.name, state, share: shareOf(run) };
}

/** `34 %` */
export const percentOf = ({ share }: TrainingNow) => `${Math.floor(share * 100)} %`;

/** Must run inside a Solid root. */
export function createTrainingNow(client: Client): Accessor<TrainingNow | undefined> {
  const [now, setNow] = createSignal<TrainingNow>();
  let steps = 0;
  let known = false;

  function hear(event: TrainingEvent): void {
    if (event.type === 'run') {
      const next = nowOf(event.run);
      // what rests gives way to what runs, and what ended to nothing
      if (next?.state === 'running' || event.run.id === now()?.id || (next && !now())) setNow(next);
      if (now()?.id === event.run.id) ({ steps } = event.run);
    } else if (event.type === 'step') {
      const { step } = event.record;
      setNow((before) => (before?.id === event.runId ? { ...before, share: shareOf({ step, steps }) } : before));
    } else if (event.type === 'removed' && event.runId === now()?.id) {
      setNow(undefined);
      void read();
    }
  }

  async function read(): Promise<void> {
    const runs = await client.runs.list().catch(() => []);
    const found = runs.find(({ state }) => state === 'running') ?? runs.find(isResting);
    if (found) hear({ type: 'run', run: found });
  }

  client.subscribe((event) => {
    if (event.type === 'training') hear(event.event);
    else if (event.type === 'restarted') known = false;
    else if (event.type === 'models' && !known) {
      // the first thing that a worker says
      known = true;
      void read();
    }
  });
  createEffect(() => {
    const run = now();
    if (globalThis.document) document.title = run?.state === 'running' ? `${percentOf(run)} · ${TITLE}` : TITLE;
  });
  return now;
}
