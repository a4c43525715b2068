// The page's end of the worker: calls with typed errors, one stream of events, and a new worker when the old one is gone.
import { proxy, type Remote, wrap } from 'comlink';
import type { ErrorData, WorkerApi, WorkerEvent } from './api';

export type PageApi = Omit<WorkerApi, 'start'>;

/** What the worker says, and what happens to the worker itself. */
export type ClientEvent =
  | WorkerEvent
  /** Device and bundled model are there. */
  | { type: 'started' }
  /** Something is missing; what does not need it works. */
  | { type: 'start-failed'; error: ErrorData }
  /** A new worker took over; what ran in the old one has been told as failed. */
  | { type: 'restarted' };

export interface Client {
  /** A rejected call carries the error's code in `name`, and a sentence in `message`. */
  readonly api: PageApi;
  /** @returns ends the subscription */
  subscribe(listener: (event: ClientEvent) => void): () => void;
  /** Ends the worker, whatever it does, and starts another. */
  restart(): void;
}

export interface ClientOptions {
  /** Makes a worker; for tests. */
  readonly spawn?: () => Worker;
  /** Milliseconds that a worker with an error has to show that it lives. */
  readonly patience?: number;
}

const spawnWorker = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

/** Workers in a row that may die before one has started. */
const ATTEMPTS = 3;

const gone = (): Error =>
  Object.assign(
    new Error('The background part of Pronk stopped and was started again. What was kept is safe; try again.'),
    {
      name: 'worker-died',
    },
  );
const unstartable: ErrorData = {
  code: 'worker-died',
  message: 'The background part of Pronk does not start. Chats are safe; reload the page.',
};

/** An error as data: the worker puts codes where Comlink carries them. */
export function errorData(error: unknown): ErrorData {
  return error instanceof Error
    ? { code: error.name, message: error.message }
    : { code: 'failed', message: String(error) };
}

export function createClient({ spawn = spawnWorker, patience = 5000 }: ClientOptions = {}): Client {
  const listeners = new Set<(event: ClientEvent) => void>();
  const generations = new Set<string>();
  /** Calls under way: a dead worker answers none of them. */
  const pending = new Set<(error: Error) => void>();
  let worker: Worker;
  let remote: Remote<WorkerApi>;
  let deaths = 0;

  const emit = (event: ClientEvent) => {
    if (event.type === 'done' || event.type === 'failed') generations.delete(event.id);
    for (const listener of listeners) listener(event);
  };

  function start(): void {
    const mine = spawn();
    worker = mine;
    remote = wrap<WorkerApi>(mine);
    mine.addEventListener('error', () => void examine(mine));
    void begin(mine);
  }

  async function begin(mine: Worker): Promise<void> {
    const onEvent = (event: WorkerEvent) => worker === mine && emit(event);
    try {
      await call('start', [proxy(onEvent)]);
      deaths = 0;
      emit({ type: 'started' });
    } catch (error) {
      if (worker === mine) emit({ type: 'start-failed', error: errorData(error) });
    }
  }

  /** An error reached nobody in the worker: it may go on, or be gone. */
  async function examine(mine: Worker): Promise<void> {
    const answers = remote.models().then(() => true);
    const silence = new Promise<false>((resolve) => setTimeout(() => resolve(false), patience));
    const alive = await Promise.race([answers, silence]).catch(() => true);
    if (alive || worker !== mine) return;
    if (++deaths < ATTEMPTS) restart();
    else emit({ type: 'start-failed', error: unstartable });
  }

  function restart(): void {
    worker.terminate();
    for (const reject of pending) reject(gone());
    for (const id of generations) emit({ type: 'failed', id, error: errorData(gone()) });
    start();
    emit({ type: 'restarted' });
  }

  async function call(method: keyof WorkerApi, args: unknown[]): Promise<unknown> {
    if (method === 'generate') generations.add((args[0] as { id: string }).id);
    const send = remote[method] as (...args: unknown[]) => Promise<unknown>;
    return new Promise((resolve, reject) => {
      pending.add(reject);
      send(...args)
        .then(resolve, reject)
        .finally(() => pending.delete(reject));
    });
  }

  start();
  return {
    api: new Proxy({} as PageApi, {
      get:
        (_, method: keyof PageApi) =>
        (...args: unknown[]) =>
          call(method, args),
    }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    restart,
  };
}
