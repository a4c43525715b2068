// The state that the worker reports: device, models, loading, and text for whoever asked for it.
import { type Accessor, createEffect, createMemo, createSignal, on } from 'solid-js';
import type {
  AdapterUse,
  DeviceSummary,
  ErrorData,
  FinishReason,
  GenerateRequest,
  GenerationTiming,
  ModelSummary,
  ModelThinking,
  PrecisionChoice,
  Prompt,
  ResponseFormat,
  SamplingOptions,
  ThoughtFigures,
  TokenLogprobs,
} from '../../worker/contract';
import { type Client, type ClientEvent, errorData } from '../../worker/client';
import { createDeviceWait, type DeviceWaitState } from './device-wait';
import { createHungModels } from './hung-models';
import type { Notices } from './notices';
import { goTo } from './route';
import { asString, createStored, isRecord } from './local-storage';
import { parsePrecisions } from './precision-choices';

interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

/** The settled part of a thought, and its figures so far. */
export interface ThoughtPiece extends ThoughtFigures {
  readonly reasoning: string;
}

/** The settled part of an answer. */
interface Piece {
  readonly text: string;
  readonly thought: ThoughtPiece | undefined;
  readonly ids: readonly number[];
  /** One an id, where they are asked for. */
  readonly logprobs: readonly (TokenLogprobs | null)[] | undefined;
  readonly tokensPerSecond: number;
}

/** One generation and who wants to hear of it. */
interface Asked {
  readonly id: string;
  readonly prompt: Prompt;
  readonly sampling: SamplingOptions;
  readonly thinkingBudget?: number;
  readonly topLogprobs?: number;
  readonly responseFormat?: ResponseFormat;
  readonly adjustments?: GenerateRequest['adjustments'];
  readonly stop: string[];
  /** Instead of the adapters in use; none is the base model. */
  readonly adapters?: readonly AdapterUse[];
  /** The answer so far, for the model that will answer: it goes on with it. */
  begun?(model: ModelSummary): readonly number[] | string;
  /** The model that will answer is known. */
  onModel(model: ModelSummary): void;
  /** The first piece of an answer that is gone on with is the whole of it so far. */
  onText(piece: Piece): void;
  onDone(finish: FinishReason, timing: GenerationTiming | undefined): void;
  onFailed(error: ErrorData): void;
}

export interface EngineState {
  readonly client: Client;
  readonly device: Accessor<DeviceSummary | undefined>;
  readonly models: Accessor<readonly ModelSummary[]>;
  /** The model in use: the chosen one, else the bundled one, else the newest; never by itself one that held the worker. */
  readonly model: Accessor<ModelSummary | undefined>;
  readonly ready: Accessor<boolean>;
  /** Another model that is on the GPU, since a run is trained on it. */
  readonly inTraining: Accessor<ModelSummary | undefined>;
  /** Progress of a load onto the GPU, or of storing a model before that. */
  readonly progress: Accessor<Progress | undefined>;
  /** Why the model in use cannot be used. */
  readonly problem: Accessor<ErrorData | undefined>;
  /** No GPU can be used, so nothing can be generated. One that was there is waited for: what is asked meanwhile waits too. */
  readonly blocked: Accessor<boolean>;
  /** The browser gives no adapter for now, and is asked again. */
  readonly deviceWait: DeviceWaitState;
  use(modelId: string): void;
  generate(asked: Asked): void;
  /** Something is being generated. */
  readonly busy: Accessor<boolean>;
  /** Something is being generated or trained, or was learned and could not be kept. */
  atWork(): boolean;
  stop(id: string): void;
  /** Tokens that a model is loaded with; undefined where it was never chosen. */
  contextOf(modelId: string): number | undefined;
  /** Chooses it for this and later loads. */
  setContext(modelId: string, context: number): void;
  /** The precision chosen for a model; `automatic` where none was chosen. */
  precisionOf(modelId: string): PrecisionChoice;
  /** Chooses the precision of this load and later ones. */
  setPrecision(modelId: string, precision: PrecisionChoice): void;
  /** The context that the model in use was loaded with. */
  readonly loadedContext: Accessor<number | undefined>;
  /** The model in use brings a chat template; undefined where that is not known yet. */
  readonly hasTemplate: Accessor<boolean | undefined>;
  /** The thinking of the model in use; undefined where it has none, or that is not known yet. */
  readonly thinking: Accessor<ModelThinking | undefined>;
  retry(): void;
}

const parseContexts = (stored: unknown) =>
  isRecord(stored)
    ? Object.fromEntries(Object.entries(stored).filter((each): each is [string, number] => Number.isInteger(each[1])))
    : undefined;

const NONE_LEFT: ErrorData = {
  code: 'model-hangs',
  message:
    'No model is in use: the chat template or the tokenizer of each one here blocked Pronk’s background worker. Add another model under Models, or choose one there to give it another chance.',
};
/** A new worker is told to load what is to be loaded. */
const RESTARTED = new Set(['worker-died', 'model-hangs']);
const NO_GPU = new Set(['no-webgpu', 'no-adapter']);

export function createEngineState(client: Client, notices: Notices): EngineState {
  const [device, setDevice] = createSignal<DeviceSummary>();
  const [models, setModels] = createSignal<readonly ModelSummary[]>([]);
  const [chosen, choose] = createStored<string>('model', '', asString);
  const [contexts, setContexts] = createStored<Record<string, number>>('contexts', {}, parseContexts);
  const [precisions, setPrecisions] = createStored<Record<string, PrecisionChoice>>('precisions', {}, parsePrecisions);
  const precisionOf = (id: string) => precisions()[id] ?? 'automatic';
  const [loadedId, setLoadedId] = createSignal<string>();
  const [loadedContext, setLoadedContext] = createSignal<number>();
  const [hasTemplate, setHasTemplate] = createSignal<boolean>();
  const [thinking, setThinking] = createSignal<ModelThinking>();
  const [progress, setProgress] = createSignal<Progress>();
  const [problem, setProblem] = createSignal<ErrorData>();
  const running = new Map<string, Asked>();
  const [busy, setBusy] = createSignal(false);
  const note = () => setBusy(running.size > 0);
  /** Asked for before there was any model. */
  const waiting = new Map<string, Asked>();
  let restarted = false;
  /** A run is trained by this page's worker. */
  let training = false;
  /** A training run has results that exist in this page's memory alone. */
  let unkept = false;

  const hung = createHungModels();
  const pick = (among: readonly ModelSummary[]) => {
    const healthy = among.filter(({ id }) => !hung.has(id));
    return among.find(({ id }) => id === chosen()) ?? healthy.find(({ bundled }) => bundled) ?? healthy.at(0);
  };
  const model = createMemo(() => pick(models()));
  const deviceWait = createDeviceWait(() => client.device.ask());
  const modelId = createMemo(() => model()?.id);
  const inTraining = () =>
    problem()?.code === 'training' ? models().find(({ id }) => id === loadedId() && id !== modelId()) : undefined;
  const blocked = () => NO_GPU.has(problem()?.code ?? '') || deviceWait.waiting()?.lost === false;

  async function load(id: string): Promise<void> {
    if (!blocked()) setProblem(undefined);
    try {
      const context = contexts()[id];
      const precision = precisionOf(id);
      await client.models.load(id, { precision, ...(context !== undefined && { context }) });
    } catch (error) {
      const data = errorData(error);
      // whatever is loaded in its place has a progress of its own
      if (data.code === 'not-wanted') return;
      setProgress(undefined);
      // a worker that lost its device and finds none may find one when it starts afresh
      if (data.code === 'device-lost' && !restarted) {
        restarted = true;
        client.restart();
      } else if (modelId() === id && !RESTARTED.has(data.code)) setProblem(data);
    }
  }

  createEffect(
    on(modelId, (id) => {
      if (id === undefined) return;
      void load(id);
      for (const asked of waiting.values()) send(id, asked);
      waiting.clear();
    }),
  );

  function send(id: string, asked: Asked): void {
    const summary = models().find((each) => each.id === id);
    running.set(asked.id, asked);
    note();
    const { begun: begunOf, onModel, onText: _, onDone: __, onFailed: ___, ...request } = asked;
    const begun = summary && begunOf?.(summary);
    if (summary) onModel(summary);
    client.generation.start({ ...request, modelId: id, ...(begun && { begun }) }).catch((error: unknown) => {
      if (running.delete(asked.id)) asked.onFailed(errorData(error));
      note();
    });
  }

  const generationOf = (id: string) => {
    setProgress(undefined);
    const asked = running.get(id);
    running.delete(id);
    note();
    return asked;
  };

  function listen(event: ClientEvent): void {
    switch (event.type) {
      case 'device':
        setDevice(event.device);
        break;
      case 'models':
        hung.keepOnly((id) => event.models.some((each) => each.id === id));
        setModels(event.models);
        break;
      case 'model-removed':
        tellRemoved(event.modelId, event.name);
        break;
      case 'device-wait':
        deviceWait.hear(event);
        break;
      case 'progress':
        if (event.task === 'load' || event.id === 'bundled') setProgress(event);
        break;
      case 'loaded':
        setLoadedId(event.modelId);
        setLoadedContext(event.context);
        setHasTemplate(event.hasTemplate);
        setThinking(event.thinking);
        setProgress(undefined);
        setProblem(undefined);
        restarted = false;
        break;
      case 'training':
        if (event.event.type !== 'run') break;
        training = event.event.run.state === 'running';
        unkept = event.event.run.unkept === true;
        // what had to wait for it is loaded now
        if (!training && problem()?.code === 'training') reload();
        break;
      case 'text':
        if (progress()) setProgress(undefined);
        running.get(event.id)?.onText({
          text: event.text,
          thought: event.thought && { ...event.thought, reasoning: event.reasoning ?? '' },
          ids: event.ids,
          logprobs: event.logprobs,
          tokensPerSecond: event.tokensPerSecond,
        });
        break;
      case 'done':
        generationOf(event.id)?.onDone(event.finish, event.timing);
        break;
      case 'failed':
        generationOf(event.id)?.onFailed(event.error);
        break;
      case 'device-lost':
        notices.show(event.message);
        reload();
        break;
      case 'restarted':
        deviceWait.reset();
        restart(event.hung);
        break;
      case 'start-failed':
        setProgress(undefined);
        setProblem(event.error);
        break;
      case 'started':
      case 'adapters':
        break;
    }
  }

  function restart(hung: { readonly modelId: string; readonly message: string } | undefined): void {
    const before = modelId();
    if (hung) leaveHung(hung);
    else notices.show('The engine was restarted. Chats are safe.');
    // another model is loaded as soon as it is chosen
    if (modelId() === before) reload();
  }

  /** Leaves a model that held the worker, and says why. */
  function leaveHung({ modelId: id, message }: { readonly modelId: string; readonly message: string }): void {
    const isStored = models().some((each) => each.id === id);
    if (isStored) hung.add(id);
    if (chosen() === id) choose('');
    const next = modelId() !== id && isStored ? model() : undefined;
    const instead = next ? ` ${next.name} answers now.` : '';
    notices.show(`${message}${instead}`, { label: 'Models', run: () => goTo('models') }, 0);
  }

  /** Nothing can be asked: all that is here held the worker. */
  const noneLeft = () => modelId() === undefined && models().length > 0;
  createEffect(
    on(noneLeft, (none) => {
      if (!none) {
        if (problem() === NONE_LEFT) setProblem(undefined);
        return;
      }
      setProgress(undefined);
      if (!blocked()) setProblem(NONE_LEFT);
      for (const asked of waiting.values()) asked.onFailed(NONE_LEFT);
      waiting.clear();
    }),
  );

  /** The model in use is gone: another one takes its place. */
  function tellRemoved(id: string, name: string): void {
    if (modelId() !== id) return;
    const next = pick(models().filter((each) => each.id !== id));
    const instead = next ? `${next.name} answers from now on.` : 'There is no other model here.';
    notices.show(
      `${name} was deleted in another window. ${instead} Chats are safe; to use ${name} again, import it under Models.`,
      { label: 'Models', run: () => goTo('models') },
      0,
    );
  }

  function reload(): void {
    setLoadedId(undefined);
    const id = modelId();
    if (id !== undefined) void load(id);
  }

  client.subscribe(listen);
  return {
    client,
    device,
    models,
    model,
    inTraining,
    busy,
    ready: () => loadedId() !== undefined && loadedId() === modelId(),
    progress,
    problem,
    blocked,
    deviceWait,
    use(id) {
      hung.forgive(id);
      choose(id);
    },
    generate(asked) {
      const id = modelId();
      if (noneLeft()) queueMicrotask(() => asked.onFailed(NONE_LEFT));
      else if (id === undefined) waiting.set(asked.id, asked);
      else send(id, asked);
    },
    atWork: () => running.size > 0 || waiting.size > 0 || training || unkept,
    stop(id) {
      const early = waiting.get(id);
      if (early) {
        waiting.delete(id);
        early.onDone('abort', undefined);
      } else void client.generation.stop(id).catch(() => {});
    },
    contextOf: (id) => contexts()[id],
    setContext(id, context) {
      if (contexts()[id] === context) return;
      setContexts({ ...contexts(), [id]: context });
      if (modelId() === id) reload();
    },
    precisionOf,
    setPrecision(id, precision) {
      if (precisionOf(id) === precision) return;
      setPrecisions({ ...precisions(), [id]: precision });
      if (modelId() === id) reload();
    },
    hasTemplate: () => (loadedId() === modelId() ? hasTemplate() : undefined),
    thinking: () => (loadedId() === modelId() ? thinking() : undefined),
    loadedContext: () => (loadedId() === modelId() ? loadedContext() : undefined),
    retry() {
      if (problem() === NONE_LEFT) hung.keepOnly(() => false);
      // a new worker would cut a run off
      else if (training) reload();
      else client.restart();
    },
  };
}
