// Longer work beside imports: checking, measuring, saving. Each is found by what it works on.
import { createStore, produce } from 'solid-js/store';
import type { ErrorData, ProgressTask } from '../../worker/contract';
import { errorData } from '../../worker/client';
import type { EngineState } from '../shared/engine-state';
import { createMeter, type Work } from '../shared/throughput';

interface Job extends Work {
  readonly state: 'running' | 'done' | 'failed';
  /** What came of it, as a sentence. */
  readonly result?: string | undefined;
  readonly error?: ErrorData | undefined;
}

export type JobTask = Exclude<ProgressTask, 'load' | 'import' | 'measure'>;

export interface Jobs {
  find(task: JobTask, id: string): Job | undefined;
  /** Runs work whose progress is told under its task and id; nothing where the same is under way already. */
  run<T>(
    task: JobTask,
    id: string,
    stage: string,
    work: () => Promise<T>,
    say?: (result: T) => string,
  ): Promise<T | undefined>;
  forget(task: JobTask, id: string): void;
  /** Some work is under way. */
  busy(): boolean;
}

export function createJobs({ client }: EngineState): Jobs {
  const [jobs, setJobs] = createStore<Record<string, Job>>({});
  const meters = new Map<string, ReturnType<typeof createMeter>>();
  const keyOf = (task: ProgressTask, id: string) => `${task} ${id}`;

  client.subscribe((event) => {
    if (event.type !== 'progress') return;
    const { task, id, stage, done, total } = event;
    const key = keyOf(task, id);
    const meter = meters.get(key);
    if (meter && jobs[key]?.state === 'running') setJobs(key, { ...meter({ stage, done, total }) });
  });

  return {
    find: (task, id) => jobs[keyOf(task, id)],
    async run(task, id, stage, work, say) {
      const key = keyOf(task, id);
      if (jobs[key]?.state === 'running') return undefined;
      meters.set(key, createMeter());
      setJobs(key, { state: 'running', stage, done: 0, total: 0, rate: 0, result: undefined, error: undefined });
      try {
        const result = await work();
        setJobs(key, { state: 'done', result: say?.(result) });
        return result;
      } catch (error) {
        setJobs(key, { state: 'failed', error: errorData(error) });
        return undefined;
      }
    },
    busy: () => Object.values(jobs).some(({ state }) => state === 'running'),
    forget: (task, id) => setJobs(produce((all) => void delete all[keyOf(task, id)])),
  };
}
