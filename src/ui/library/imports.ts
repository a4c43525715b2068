// Models on their way in: looked at, chosen about, stored one after the other, paused, and gone on with after a reload.
import { type Accessor, createEffect, createSignal } from 'solid-js';
import { createStore } from 'solid-js/store';
import type {
  AccessToken,
  ErrorData,
  GivenFile,
  ImportOrigin,
  ImportPlan,
  ModelSummary,
  PendingImport,
  Quantize,
  SavedFile,
} from '../../worker/contract';
import { errorData } from '../../worker/client';
import type { EngineState } from '../shared/engine-state';
import { areAllThere, belongTogether, groupFiles, nameOf } from './group-files';
import type { Jobs } from './jobs';
import { createMeter, type Work } from '../shared/throughput';
import type { Notices } from '../shared/notices';
import { saveFiles, savedSentence } from '../shared/save-files';

type TaskState = 'looking' | 'planned' | 'waiting' | 'running' | 'paused' | 'failed';

export interface ImportTask {
  readonly id: string;
  readonly name: string;
  readonly state: TaskState;
  readonly plan?: ImportPlan | undefined;
  /** Chosen by the person; else the plan's recommendation holds. */
  readonly quantize?: Quantize | undefined;
  readonly context?: number | undefined;
  readonly newName?: string | undefined;
  readonly work?: Work | undefined;
  /** How it can go on, where it was paused or cut off. */
  readonly pending?: PendingImport | undefined;
  /** Told to pause: what is being read comes to its end first. */
  readonly pausing?: boolean | undefined;
  /** The files that it began with are still at hand. */
  readonly held: boolean;
  readonly saved?: readonly SavedFile[] | undefined;
  readonly error?: ErrorData | undefined;
}

type TaskChoice = Partial<Pick<ImportTask, 'quantize' | 'context' | 'newName'>>;

/** What came of looking at an origin. */
type Looked = 'planned' | 'cancelled' | ErrorData;

export interface ImportsState {
  /** What is planned, waits, runs, rests or failed; the latest plan first. */
  readonly tasks: readonly ImportTask[];
  /** The plan that came last, to be looked at. */
  readonly latest: Accessor<string | undefined>;
  add(files: readonly GivenFile[]): void;
  /** Adds files to a task's own: a key, or what it lacks. */
  addTo(id: string, files: readonly GivenFile[]): void;
  /** Plans what is not files of this device. Its task is the latest one as soon as this has returned. */
  look(origin: ImportOrigin, name: string): Promise<Looked>;
  choose(id: string, choice: TaskChoice): void;
  start(id: string): void;
  pause(id: string): void;
  /** @param files the same ones again, where they are needed */
  resume(id: string, files?: readonly GivenFile[]): void;
  /** Ends a task; nothing of it stays. */
  cancel(id: string): void;
  saveDecrypted(id: string): void;
}

export interface ImportsOptions {
  readonly engine: EngineState;
  readonly notices: Notices;
  readonly jobs: Jobs;
  /** Access tokens, each with the server that it is for. */
  readonly tokens: () => readonly AccessToken[];
  /** A model came, or an import ended. */
  readonly onChange: (model: ModelSummary | undefined) => void;
}

/** Where a planned task's values come from. */
interface Given {
  readonly origin: ImportOrigin;
  readonly files: readonly GivenFile[];
}

/** The choice that is made unless the person makes another. */
export function chosenOf({ plan, quantize }: Pick<ImportTask, 'plan' | 'quantize'>): Quantize | undefined {
  const wanted = quantize ?? plan?.recommended;
  return plan?.choices.find((choice) => choice.quantize === wanted)?.quantize ?? plan?.choices.at(0)?.quantize;
}

/** What a plan is called; undefined where it found nothing to be called by. */
function titleOf({ model, name, patch }: ImportPlan): string | undefined {
  if (model) return name;
  return patch ? 'Encrypted files' : undefined;
}

export function createImports({ engine, notices, jobs, tokens, onChange }: ImportsOptions): ImportsState {
  const { client } = engine;
  const [tasks, setTasks] = createStore<ImportTask[]>([]);
  const [latest, setLatest] = createSignal<string>();
  const given = new Map<string, Given>();
  const meters = new Map<string, ReturnType<typeof createMeter>>();
  /** Plans of one task are made one after the other, as its files come. */
  const planning = new Map<string, Promise<unknown>>();
  /** Told when a task ends. */
  const onForget = new Map<string, () => void>();
  /** What says that a model is there, until it is used. */
  const ready = new Map<string, number>();
  let queue = Promise.resolve();

  createEffect(() => {
    const notice = ready.get(engine.model()?.id ?? '');
    if (notice !== undefined) notices.dismiss(notice);
  });

  const find = (id: string) => tasks.find((task) => task.id === id);
  const change = (id: string, values: Partial<ImportTask>) => setTasks((task) => task.id === id, values);
  const say = (error: unknown) => notices.show(errorData(error).message);

  function forget(id: string): void {
    setTasks((before) => before.filter((task) => task.id !== id));
    given.delete(id);
    meters.delete(id);
    onForget.get(id)?.();
    planning.delete(id);
  }

  client.subscribe((event) => {
    if (event.type === 'restarted') planAgain();
    if (event.type !== 'progress' || event.task !== 'import' || !find(event.id)) return;
    const { id, stage, done, total } = event;
    const meter = meters.get(id) ?? createMeter();
    meters.set(id, meter);
    change(id, { work: meter({ stage, done, total }) });
  });

  function begin(id: string, name: string, values: Given): void {
    given.set(id, values);
    setTasks((before) => [{ id, name, state: 'looking', held: true }, ...before]);
    setLatest(id);
  }

  /** Looks at an origin; what an earlier plan of the same task found stays until the new one is there. */
  function plan(id: string, origin: ImportOrigin): Promise<ErrorData | undefined> {
    const made = (planning.get(id) ?? Promise.resolve()).then(async () => {
      change(id, { state: 'looking', error: undefined });
      try {
        const found = await client.imports.plan(id, origin);
        change(id, { plan: found, name: titleOf(found) ?? find(id)?.name ?? '', state: 'planned', work: undefined });
      } catch (error) {
        change(id, { state: find(id)?.plan ? 'planned' : 'failed', error: errorData(error), work: undefined });
        return errorData(error);
      }
      // cancelled meanwhile: the worker need not remember
      if (!find(id)) void client.imports.cancel(id).catch(() => {});
      return undefined;
    });
    planning.set(id, made);
    return made;
  }

  function addTo(id: string, files: readonly GivenFile[]): void {
    const origin: ImportOrigin = { kind: 'files', files };
    given.set(id, { origin, files: [...(given.get(id)?.files ?? []), ...files] });
    setLatest(id);
    void plan(id, origin);
  }

  function addGroup(files: readonly GivenFile[]): void {
    const origin: ImportOrigin = { kind: 'files', files };
    const open = tasks.find((task) => {
      if (task.state !== 'looking' && task.state !== 'planned' && task.state !== 'failed') return false;
      const before = given.get(task.id);
      if (before?.origin.kind !== 'files') return false;
      return belongTogether({ paths: before.files.map(({ path }) => path), plan: task.plan }, files);
    });
    if (open) return addTo(open.id, files);
    const id = crypto.randomUUID();
    begin(id, nameOf(files), { origin, files });
    void plan(id, origin);
  }

  /** Runs a task's work in its turn. */
  function enqueue(id: string, work: () => Promise<ModelSummary>): void {
    change(id, { state: 'waiting', error: undefined });
    queue = queue.then(async () => {
      if (find(id)?.state !== 'waiting') return; // cancelled or paused while it waited
      meters.delete(id);
      change(id, { state: 'running', work: undefined, pausing: false });
      try {
        finish(id, await work());
      } catch (error) {
        await rest(id, errorData(error));
      }
    });
  }

  function finish(id: string, model: ModelSummary): void {
    const context = find(id)?.context;
    if (context !== undefined) engine.setContext(model.id, context);
    forget(id);
    const notice = notices.show(
      `${model.name} is ready.`,
      { label: 'Use it', run: () => engine.use(model.id) },
      15_000,
    );
    ready.set(model.id, notice);
    onChange(model);
  }

  /** Paused, cut off or failed: whatever can go on stays. */
  async function rest(id: string, error: ErrorData): Promise<void> {
    if (!find(id)) return;
    const pending = (await client.imports.pending().catch(() => [])).find((each) => each.id === id);
    const told = error.code === 'paused' ? undefined : error;
    change(id, { state: pending ? 'paused' : 'failed', pending, error: told });
    onChange(undefined);
  }

  async function readPending(): Promise<void> {
    for (const pending of await client.imports.pending()) {
      const { id, name } = pending;
      if (find(id)) continue;
      setTasks((before) => [...before, { id, name, state: 'paused', pending, held: false }]);
    }
  }

  /** A new worker took over, which knows nothing of the plans that were made. */
  function planAgain(): void {
    for (const { id, state } of tasks) {
      const origin = given.get(id);
      if (!origin || (state !== 'planned' && state !== 'looking')) continue;
      const all: ImportOrigin = origin.origin.kind === 'files' ? { kind: 'files', files: origin.files } : origin.origin;
      void plan(id, all);
    }
    void readPending().catch(() => {});
  }
  void readPending().catch(() => {});

  return {
    tasks,
    latest,
    add(files) {
      if (files.length === 0) return;
      const resting = tasks.find(
        ({ state, pending }) => state === 'paused' && pending?.needs === 'files' && areAllThere(pending.files, files),
      );
      if (resting) this.resume(resting.id, files);
      else for (const group of groupFiles(files)) addGroup(group);
    },
    addTo: (id, files) => void (files.length > 0 && find(id) && addTo(id, files)),
    async look(origin, name) {
      const id = crypto.randomUUID();
      begin(id, name, { origin, files: [] });
      // who cancels need not wait for an answer
      const ended = new Promise<Looked>((settle) => onForget.set(id, () => settle('cancelled')));
      const looked = await Promise.race([plan(id, origin).then((error) => error ?? 'planned'), ended]);
      onForget.delete(id);
      // said where it was asked
      if (typeof looked === 'object') forget(id);
      return looked;
    },
    choose: (id, choice) => change(id, choice),
    start(id) {
      const task = find(id);
      const quantize = task && chosenOf(task);
      if (!task || !quantize) return;
      const name = task.newName?.trim();
      if (name) change(id, { name });
      enqueue(id, () => client.imports.start(id, { quantize, ...(name && { name }) }));
    },
    pause(id) {
      change(id, { pausing: true });
      void client.imports.pause(id).catch(say);
    },
    resume(id, files = given.get(id)?.files) {
      const needed = files && files.length > 0 ? files : undefined;
      if (needed && !given.has(id)) given.set(id, { origin: { kind: 'files', files: needed }, files: needed });
      enqueue(id, () => client.imports.resume(id, needed, tokens()));
    },
    cancel(id) {
      forget(id);
      void client.imports.cancel(id).then(() => onChange(undefined), say);
    },
    saveDecrypted(id) {
      const save = () => saveFiles((folder) => client.patches.decrypt(id, folder));
      void jobs.run('save', id, 'Decrypting', save, savedSentence).then((saved) => saved && change(id, { saved }));
    },
  };
}
