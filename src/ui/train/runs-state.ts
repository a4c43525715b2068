// Training runs: started, watched, paused, gone on with, kept and compared.
import { type Accessor, createMemo, createSignal } from 'solid-js';
import type { RunDetail, RunSummary, TrainingEvent, TrainingRequest } from '../../worker/contract';
import { type Client, errorData } from '../../worker/client';
import { downloadBlob } from '../shared/downloads';
import type { EngineState } from '../shared/engine-state';
import type { Notices } from '../shared/notices';
import { goTo, openPlace } from '../shared/route';
import { applyEvent, canGoOn, idOf, isResting, wordsAtEnd } from './run-events';
import { asString, createStored } from '../shared/local-storage';
import { keepAwake } from '../shared/wake-lock';

export interface RunsState {
  /** The latest first; logs that were opened from files among them. */
  readonly list: Accessor<readonly RunSummary[]>;
  readonly ready: Accessor<boolean>;
  /** The run that is looked at. */
  readonly shown: Accessor<RunDetail | undefined>;
  /** The shown run, unless it is at its end: it is what the page is about. */
  readonly active: Accessor<RunDetail | undefined>;
  /** The run that trains now, here or in another tab. */
  readonly running: Accessor<RunSummary | undefined>;
  /** What was asked of a run has not been heeded yet. */
  readonly asked: Accessor<'start' | 'pause' | 'resume' | 'stop' | undefined>;
  /** Shows a run, or none. */
  open(id: string | undefined): Promise<void>;
  /** @returns whether it has begun */
  start(request: TrainingRequest): Promise<boolean>;
  pause(): void;
  /** Goes on with a run; its model is the one in use from then on. */
  resume(id?: string): Promise<void>;
  /** Why a run cannot be gone on with, though it is not at its end. */
  obstacle(run: RunSummary): string | undefined;
  /** Ends the shown run and keeps its adapter. */
  stop(): void;
  remove(id: string): Promise<void>;
  saveLog(id: string): void;
  /** Looks at a `trainer_state.json` of elsewhere. */
  openLog(file: File): Promise<void>;
  isFromFile(id: string): boolean;
  /** Runs that are compared. */
  readonly compared: Accessor<readonly RunDetail[]>;
  isCompared(id: string): boolean;
  compare(id: string, on: boolean): Promise<void>;
}

export function createRuns(client: Client, engine: EngineState, notices: Notices): RunsState {
  const [stored, setStored] = createSignal<readonly RunSummary[]>([]);
  /** By id: runs with their logs, as far as they were looked at. */
  const [details, setDetails] = createSignal<ReadonlyMap<string, RunDetail>>(new Map());
  const [files, setFiles] = createSignal<readonly string[]>([]);
  const [ready, setReady] = createSignal(false);
  const [shownId, setShownId] = createStored<string>('run', '', asString);
  const [comparedIds, setComparedIds] = createSignal<readonly string[]>([]);
  const [asked, setAsked] = createSignal<ReturnType<RunsState['asked']>>();
  /** What is told of a run while its log is being read. */
  const reading = new Map<string, TrainingEvent[]>();
  const say = (error: unknown) => notices.show(errorData(error).message);

  const keep = (detail: RunDetail) => setDetails((before) => new Map(before).set(detail.id, detail));
  const list = createMemo(() => {
    const opened = files().flatMap((id) => details().get(id) ?? []);
    return [...opened, ...stored().toSorted((a, b) => b.startedAt - a.startedAt)];
  });
  const shown = createMemo(() => details().get(shownId()));
  const active = createMemo(() => {
    const run = shown();
    return run && canGoOn(run) && !files().includes(run.id) ? run : undefined;
  });
  const running = createMemo(() => stored().find(({ state }) => state === 'running'));
  keepAwake(() => running() !== undefined);

  function put(run: RunSummary): void {
    setStored((before) =>
      before.some(({ id }) => id === run.id)
        ? before.map((each) => (each.id === run.id ? run : each))
        : [run, ...before],
    );
  }

  /** Whoever is elsewhere on the page hears of the end of a run. */
  function tellEnd(run: RunSummary): void {
    const words = running()?.id === run.id ? wordsAtEnd(run) : undefined;
    if (words === undefined) return;
    // who looks at it sees what is wrong
    if (run.state !== 'done' && shownId() === run.id && openPlace() === 'fine-tune') return;
    const show = { label: 'Show it', run: () => goTo('fine-tune') };
    notices.show(words, show, run.state === 'done' ? 20_000 : 0);
  }

  /** A run is gone, here or in another window. */
  function forget(id: string): void {
    setFiles((before) => before.filter((each) => each !== id));
    setStored((before) => before.filter((each) => each.id !== id));
    setComparedIds((before) => before.filter((each) => each !== id));
    if (shownId() === id) setShownId('');
  }

  function hear(event: TrainingEvent): void {
    const id = idOf(event);
    reading.get(id)?.push(event);
    if (event.type === 'removed') {
      forget(id);
      return;
    }
    if (event.type === 'run') {
      tellEnd(event.run);
      put(event.run);
      setAsked(undefined);
    } else if (event.type === 'step') {
      const { step, loss } = event.record;
      setStored((before) => before.map((run) => (run.id === id ? { ...run, step, loss } : run)));
    }
    const detail = details().get(id);
    if (detail) keep(applyEvent(detail, event));
  }

  async function look(id: string): Promise<void> {
    if (reading.has(id)) return;
    const meanwhile: TrainingEvent[] = [];
    reading.set(id, meanwhile);
    try {
      let detail = await client.runs.get(id);
      for (const event of meanwhile) detail = applyEvent(detail, event);
      keep(detail);
    } catch (error) {
      say(error);
    } finally {
      reading.delete(id);
    }
  }

  async function read(): Promise<void> {
    try {
      setStored(await client.runs.list());
      const now = running() ?? stored().find(({ id }) => id === shownId()) ?? stored().find(isResting);
      if (now) {
        setShownId(now.id);
        await look(now.id);
      }
    } catch (error) {
      say(error);
    }
    setReady(true);
  }

  /** Does what the worker is asked for; what comes of it is told by events. */
  async function ask(what: NonNullable<ReturnType<RunsState['asked']>>, call: () => Promise<unknown>): Promise<void> {
    setAsked(what);
    try {
      await call();
      setAsked((now) => (now === what ? undefined : now));
    } catch (error) {
      setAsked(undefined);
      say(error);
    }
  }

  client.subscribe((event) => {
    if (event.type === 'training') hear(event.event);
    else if (event.type === 'restarted') void goOnAfterRestart(running(), event.hung?.modelId);
  });

  /** Steps at which a run was gone on with by itself. */
  const revived = new Map<string, number>();

  /** What ran in the old worker was cut off; it goes on, unless that has helped nothing before. */
  async function goOnAfterRestart(before: RunSummary | undefined, hung: string | undefined): Promise<void> {
    await read();
    const run = details().get(before?.id ?? '');
    // a model that held the worker would hold the new one as well
    if (run?.state !== 'interrupted' || run.modelId === hung) return;
    const { id, checkpointStep = 0 } = run;
    if (checkpointStep <= (revived.get(id) ?? -1)) return;
    revived.set(id, checkpointStep);
    await ask('resume', () => client.runs.resume(id));
  }

  function obstacle({ modelId, modelName }: RunSummary): string | undefined {
    if (engine.models().length === 0 || engine.models().some(({ id }) => id === modelId)) return undefined;
    return `Its model, ${modelName}, was deleted. “End and keep the adapter” still keeps the adapter as it is.`;
  }

  const hide = () => {
    if (document.visibilityState === 'hidden' && running()) void client.runs.checkpoint().catch(() => {});
  };
  globalThis.document?.addEventListener('visibilitychange', hide);
  globalThis.addEventListener?.('pagehide', hide);
  // what only this page has is not closed unasked
  globalThis.addEventListener?.('beforeunload', (event) => {
    if (stored().some(({ unkept }) => unkept)) event.preventDefault();
  });

  void read();
  return {
    list,
    ready,
    shown,
    active,
    running,
    asked,
    async open(id) {
      setShownId(id ?? '');
      if (id !== undefined && !details().has(id)) await look(id);
    },
    async start(request) {
      let begun = false;
      await ask('start', async () => {
        const id = await client.runs.start(request);
        setShownId(id);
        await look(id);
        begun = true;
      });
      return begun;
    },
    pause() {
      const run = running();
      if (run) void ask('pause', () => client.runs.pause(run.id));
    },
    async resume(id = shownId()) {
      await this.open(id);
      const run = details().get(id);
      if (run && !obstacle(run) && engine.model()?.id !== run.modelId) engine.use(run.modelId);
      await ask('resume', () => client.runs.resume(id));
    },
    obstacle,
    stop() {
      const run = shown();
      if (run) void ask('stop', () => client.runs.stop(run.id));
    },
    async remove(id) {
      try {
        if (!files().includes(id)) await client.runs.remove(id);
        forget(id);
      } catch (error) {
        say(error);
      }
    },
    saveLog(id) {
      void client.runs.exportState(id).then((file) => {
        downloadBlob(file.name, file);
        notices.show(`The log was saved as “${file.name}” in the browser’s downloads.`);
      }, say);
    },
    async openLog(file) {
      try {
        const detail = await client.runs.openState(file);
        keep(detail);
        setFiles((before) => [...before.filter((each) => each !== detail.id), detail.id]);
        setShownId(detail.id);
      } catch (error) {
        say(error);
      }
    },
    isFromFile: (id) => files().includes(id),
    compared: createMemo(() => comparedIds().flatMap((id) => details().get(id) ?? [])),
    isCompared: (id) => comparedIds().includes(id),
    async compare(id, on) {
      setComparedIds((before) => [...before.filter((each) => each !== id), ...(on ? [id] : [])]);
      if (on && !details().has(id)) await look(id);
    },
  };
}
