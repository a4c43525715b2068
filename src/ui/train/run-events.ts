// What the worker tells of runs, put together to what is shown of one. Pure.
import type { RunDetail, RunSummary, TrainingEvent } from '../../worker/contract';
import { withRecord } from './run-log';

/** A run can be gone on with. */
export const isResting = ({ state }: Pick<RunSummary, 'state'>) => state === 'paused' || state === 'interrupted';

/** A run is not at its end: it trains, rests, or failed behind a checkpoint. */
export const canGoOn = (run: Pick<RunDetail, 'state' | 'checkpointStep'> | undefined) =>
  run !== undefined &&
  (run.state === 'running' || isResting(run) || (run.state === 'failed' && run.checkpointStep !== undefined));

export const idOf = (event: TrainingEvent) => (event.type === 'run' ? event.run.id : event.runId);

/** What a summary says only while it holds. */
const PASSING = { problem: undefined, unkept: undefined };

/** A run as one more event tells it. */
export function applyEvent(run: RunDetail, event: TrainingEvent): RunDetail {
  switch (event.type) {
    case 'run': {
      // what it was told step by step is no less true than what a worker that was started again remembers
      const seconds = Math.max(run.seconds, event.run.seconds);
      const known = Object.entries({ ...run, ...PASSING, ...event.run, seconds }).filter(
        ([, value]) => value !== undefined,
      );
      return Object.fromEntries(known) as unknown as RunDetail;
    }
    case 'step': {
      const { step, seconds } = event.record;
      // one that is done again, or told twice, has been counted
      const more = step > run.step ? seconds : 0;
      return { ...run, log: withRecord(run.log, event.record), step, seconds: run.seconds + more };
    }
    case 'validation':
      return { ...run, validations: withRecord(run.validations, event.record) };
    case 'sample': {
      const others = run.samples.filter(
        ({ step, prompt }) =>
          step < event.record.step || (step === event.record.step && prompt !== event.record.prompt),
      );
      return { ...run, samples: [...others, event.record] };
    }
    case 'checkpoint':
      return { ...run, checkpointStep: event.step };
    case 'removed':
      return run;
  }
}

/** What whoever is elsewhere on the page hears when a run comes to stand; undefined for what they asked for themselves. */
export function wordsAtEnd({ name, state, problem = '', unkept }: RunSummary): string | undefined {
  if (state === 'done') return `${name} has been trained.`;
  if (state === 'failed') return `${name} failed. ${problem}`;
  return unkept ? `${name} is paused: there is no space to save what it learned.` : undefined;
}
