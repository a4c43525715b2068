// The page's end of the worker: calls with typed errors, one stream of events, and a new worker when the old one is gone.
import { proxy, wrap } from 'comlink';
import type { Contract, ErrorData, GenerateRequest, ModelSummary, WorkerContract, WorkerEvent } from './contract';
import { createWatchdog, type HeldModel } from './watchdog';

/** What the worker says, and what happens to the worker itself. */
export type ClientEvent =
  | WorkerEvent
  /** Device and bundled model are there. */
  | { type: 'started' }
  /** Something is missing; what does not need it works. */
  | { type: 'start-failed'; error: ErrorData }
  /** A new worker took over; what ran in the old one has been told as failed. A model may have held the old one for good. */
  | { type: 'restarted'; hung?: { readonly modelId: string; readonly message: string } };

export interface Client extends Contract {
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
  /** Milliseconds that a model's template or tokenizer may hold a worker. */
  readonly holding?: number;
}

/** All namespaces of the contract. */
const NAMESPACES = {
  device: true,
  models: true,
  imports: true,
  patches: true,
  hub: true,
  datasets: true,
  runs: true,
  adapters: true,
  generation: true,
  prompts: true,
  records: true,
  storage: true,
} satisfies Record<keyof Contract, true>;

const spawnWorker = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });

type Verbs = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** Workers in a row that may die before one has started. */
const ATTEMPTS = 3;

const gone = (): Error =>
  Object.assign(new Error('Pronk’s background worker stopped and was restarted. What was saved is safe; try again.'), {
    name: 'worker-died',
  });
const hangs = (name: string): Error =>
  Object.assign(
    new Error(
      `${name} did not finish: its chat template or its tokenizer blocked Pronk’s background worker, which was restarted. Nothing is lost. Delete this model, or choose it again to give it another chance.`,
    ),
    { name: 'model-hangs' },
  );
const unstartable: ErrorData = {
  code: 'worker-died',
  message: 'Pronk’s background worker does not start. Chats are safe; reload the page.',
};

/** An error as data: the worker puts codes where Comlink carries them. */
export function errorData(error: unknown): ErrorData {
  return error instanceof Error
    ? { code: error.name, message: error.message }
    : { code: 'failed', message: String(error) };
}

export function createClient({ spawn = spawnWorker, patience = 5000, holding = 15_000 }: ClientOptions = {}): Client {
  const listeners = new Set<(event: ClientEvent) => void>();
  const generations = new Set<string>();
  /** Calls under way: a dead worker answers none of them. */
  const pending = new Set<(error: Error) => void>();
  let worker: Worker;
  let remote: WorkerContract;
  let deaths = 0;
  let models: readonly ModelSummary[] = [];
  const watchdog = createWatchdog(() => remote.session.answer(), endHung, holding);

  const emit = (event: ClientEvent) => {
    if (event.type === 'done' || event.type === 'failed') generations.delete(event.id);
    for (const listener of listeners) listener(event);
  };

  function start(): void {
    const mine = spawn();
    worker = mine;
    remote = wrap(mine) as unknown as WorkerContract;
    mine.addEventListener('error', () => void examine(mine));
    void begin(mine);
  }

  async function begin(mine: Worker): Promise<void> {
    const onEvent = (event: WorkerEvent) => {
      if (worker !== mine) return;
      if (event.type === 'models') models = event.models;
      if (event.type === 'held' || event.type === 'free') watchdog.hear(event);
      else emit(event);
    };
    try {
      await call('session', 'start', [proxy(onEvent)]);
      deaths = 0;
      emit({ type: 'started' });
    } catch (error) {
      if (worker === mine) emit({ type: 'start-failed', error: errorData(error) });
    }
  }

  /** An error reached nobody in the worker: it may go on, or be gone. */
  async function examine(mine: Worker): Promise<void> {
    const answers = remote.session.answer().then(() => true);
    const silence = new Promise<false>((resolve) => setTimeout(() => resolve(false), patience));
    const alive = await Promise.race([answers, silence]).catch(() => true);
    if (alive || worker !== mine) return;
    if (++deaths < ATTEMPTS) restart();
    else emit({ type: 'start-failed', error: unstartable });
  }

  /** Takes the worker out of the hands of a model that holds it. */
  function endHung({ id, name = 'The model' }: HeldModel): void {
    const error = hangs(models.find((model) => model.id === id)?.name ?? name);
    replace(error, { modelId: id, message: error.message });
  }

  const restart = () => replace(gone());

  function replace(reason: Error, hung?: Extract<ClientEvent, { type: 'restarted' }>['hung']): void {
    worker.terminate();
    watchdog.reset();
    for (const reject of pending) reject(reason);
    for (const id of generations) emit({ type: 'failed', id, error: errorData(reason) });
    start();
    emit({ type: 'restarted', ...(hung && { hung }) });
  }

  async function call(namespace: keyof WorkerContract, verb: string, args: unknown[]): Promise<unknown> {
    if (namespace === 'generation' && verb === 'start') generations.add((args[0] as GenerateRequest).id);
    const send = (remote[namespace] as unknown as Verbs)[verb];
    return new Promise((resolve, reject) => {
      pending.add(reject);
      send(...args)
        .then(resolve, reject)
        .finally(() => pending.delete(reject));
    });
  }

  const verbs = (namespace: keyof Contract) =>
    new Proxy({} as Verbs, {
      get:
        (_, verb: string) =>
        (...args: unknown[]) =>
          call(namespace, verb, args),
    });
  const contract = Object.fromEntries(Object.keys(NAMESPACES).map((name) => [name, verbs(name as keyof Contract)]));

  start();
  return {
    ...(contract as unknown as Contract),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    restart,
  };
}
