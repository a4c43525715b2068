// The plan of a run: settings that persist, what the worker makes of them, and a way to some that fit.
import { type Accessor, createMemo, createSignal } from 'solid-js';
import type {
  DatasetReport,
  PromptTemplate,
  RowPreview,
  TrainingConfig,
  TrainingPlan,
  TrainingRequest,
} from '../../worker/contract';
import { type Client, errorData } from '../../worker/client';
import { type Answer, createAnswer } from '../shared/debounced-query';
import { type DatasetsState } from './datasets';
import type { EngineState } from '../shared/engine-state';
import { createEstimate, type Estimate } from './estimate';
import type { Notices } from '../shared/notices';
import type { RunsState } from './runs-state';
import { saveFiles, savedSentence } from '../shared/save-files';
import { asString, createStored } from '../shared/local-storage';
import type { TemplatesState } from '../instruct/templates';
import type { Preset } from '../../worker/contract/training-presets';
import { initialConfig, parseConfig, presetOf } from './training-config';

/** What was typed and cannot be taken, and why. */
export interface Rejected {
  readonly text: string;
  readonly problem: string;
}

type Typed = keyof TrainingConfig | 'sampleSteps';

export interface TrainingForm {
  readonly config: Accessor<TrainingConfig>;
  set(values: Partial<TrainingConfig>): void;
  /** What stands in the form and is not in the settings, by field. */
  readonly rejected: Accessor<Readonly<Partial<Record<Typed, Rejected>>>>;
  reject(field: Typed, rejected: Rejected): void;
  readonly preset: Accessor<Preset | undefined>;
  usePreset(preset: Preset): void;
  /** The templates that rows can be put in, a person's own among them. */
  readonly templates: Accessor<readonly PromptTemplate[]>;
  /** Keeps a template from a file, and puts the rows in it. */
  takeTemplate(template: PromptTemplate): void;
  readonly name: Accessor<string>;
  setName(name: string): void;
  readonly prompts: Accessor<readonly string[]>;
  setPrompts(prompts: readonly string[]): void;
  readonly sampleSteps: Accessor<number>;
  setSampleSteps(steps: number): void;
  /** A stored adapter that training goes on from; empty begins anew. */
  readonly adapterId: Accessor<string>;
  setAdapterId(id: string): void;
  /** What is to be done; undefined without a model or rows. */
  readonly request: Accessor<TrainingRequest | undefined>;
  /** The plan of these rows and this model; while settings change, the last one stays until the next is there. */
  readonly plan: Answer<TrainingPlan>;
  readonly report: Answer<DatasetReport>;
  /** The shown row as tokens. */
  readonly preview: Answer<RowPreview>;
  readonly estimate: Estimate;
  /** Somebody looks at the plan, so that a step of it may be measured unasked; the result ends that. */
  watch(): () => void;
  /** Saves what is planned as a folder that TRL trains, for a machine with more room. */
  takeElsewhere(): void;
  /** Changes what a warning asks for, which can be taken back. */
  fix(values: Partial<TrainingConfig>): void;
}

export interface TrainingFormParts {
  readonly engine: EngineState;
  readonly datasets: DatasetsState;
  readonly templates: TemplatesState;
  readonly notices: Notices;
  /** The run that trains now. */
  readonly running: RunsState['running'];
}

interface Planned {
  readonly request: TrainingRequest;
  readonly key: string;
}

const PROMPTS = ['Tell me about alpacas.', 'What is the capital of Peru?'];

const parsePrompts = (stored: unknown) =>
  Array.isArray(stored) && stored.every((each) => typeof each === 'string') ? (stored as string[]) : undefined;
const parseSteps = (stored: unknown) => (Number.isInteger(stored) && Number(stored) >= 0 ? Number(stored) : undefined);

export function createTrainingForm(
  client: Client,
  { engine, datasets, templates, notices, running }: TrainingFormParts,
): TrainingForm {
  const [config, setConfig] = createStored<TrainingConfig>('training', initialConfig, parseConfig);
  const [name, setName] = createStored<string>('training-name', '', asString);
  const [prompts, setPrompts] = createStored<readonly string[]>('training-prompts', PROMPTS, parsePrompts);
  const [sampleSteps, setSampleSteps] = createStored<number>('training-sample-steps', 20, parseSteps);
  const [adapterId, setAdapterId] = createStored<string>('training-from', '', asString);
  const [rejected, setRejected] = createSignal<Readonly<Partial<Record<Typed, Rejected>>>>({});
  const say = (error: unknown) => notices.show(errorData(error).message);

  const taken = (fields: readonly string[]) =>
    setRejected((before) => Object.fromEntries(Object.entries(before).filter(([field]) => !fields.includes(field))));
  const set = (values: Partial<TrainingConfig>) => {
    taken(Object.keys(values));
    setConfig({ ...config(), ...values });
  };
  const setAll = (values: TrainingConfig) => {
    setRejected({});
    setConfig(values);
  };
  /** The template that the config names, where it is the person's own. */
  const template = createMemo(() => templates.own().find((each) => each.name === config().prompt_template_name));
  const form = () => {
    const own = template();
    return own ? { template: own } : {};
  };
  const request = createMemo<TrainingRequest | undefined>(() => {
    const modelId = engine.model()?.id;
    const dataset = datasets.chosen();
    if (modelId === undefined || !dataset || datasets.rows.count() === 0) return undefined;
    return {
      modelId,
      datasetId: dataset.id,
      config: config(),
      ...form(),
      ...(name().trim() !== '' && { name: name().trim() }),
      ...(adapterId() !== '' && { adapterId: adapterId() }),
      prompts: prompts().filter((prompt) => prompt.trim() !== ''),
      sampleSteps: sampleSteps(),
    };
  });
  /** What a plan depends on: neither the run's name nor what is asked meanwhile. */
  const keyOf = ({ modelId, datasetId, config: settings, template: own, adapterId: from }: TrainingRequest) =>
    JSON.stringify([modelId, datasetId, datasets.rows.count(), settings, own, from]);
  const planned = createMemo<Planned | undefined>(
    () => {
      const asked = request();
      // a run that has ended says how long its steps took
      return asked && { request: asked, key: `${keyOf(asked)} ${datasets.rows.version()} ${running()?.id ?? ''}` };
    },
    undefined,
    { equals: (a, b) => a?.key === b?.key },
  );
  const answer = createAnswer(planned, async ({ request: of }) => ({ of, plan: await client.runs.plan(of) }));
  /** A plan of other rows or of another model is none. */
  const plan = createMemo(() => {
    const [last, now] = [answer.value(), request()];
    return last?.of.datasetId === now?.datasetId && last?.of.modelId === now?.modelId ? last?.plan : undefined;
  });
  /** What the rows' tokens depend on. */
  const looked = createMemo(() => {
    const modelId = engine.model()?.id;
    const datasetId = datasets.chosen()?.id;
    if (modelId === undefined || datasetId === undefined || datasets.rows.count() === 0) return undefined;
    return { modelId, datasetId, config: { ...config(), ...form() }, version: datasets.rows.version() };
  });
  const row = createMemo(() => {
    const at = datasets.rows.selected();
    const asked = looked();
    return asked && at >= 0 && at < datasets.rows.count() ? { ...asked, at } : undefined;
  });

  const [watched, setWatched] = createSignal(0);
  const [hidden, setHidden] = createSignal(globalThis.document?.visibilityState === 'hidden');
  globalThis.document?.addEventListener('visibilitychange', () => setHidden(document.visibilityState === 'hidden'));
  const estimate = createEstimate(client, {
    request,
    key: createMemo(() => planned()?.key),
    wanted() {
      const known = plan();
      if (!known || answer.pending() || known.problem !== undefined || !fits(known.memory)) return false;
      const free = engine.ready() && !engine.busy() && running() === undefined;
      return known.secondsPerStep === undefined && free && watched() > 0 && !hidden();
    },
    onError: say,
  });

  return {
    config,
    set,
    preset: createMemo(() => presetOf(config())),
    rejected,
    reject: (field, wrong) => setRejected((before) => ({ ...before, [field]: wrong })),
    usePreset: (preset) => setAll(preset.config),
    templates: templates.all,
    takeTemplate(taken) {
      const { name: kept, problem } = templates.take(taken);
      if (problem) notices.show(problem);
      else set({ prompt_template_name: kept });
    },
    name,
    setName,
    prompts,
    setPrompts,
    sampleSteps,
    setSampleSteps(steps) {
      taken(['sampleSteps']);
      setSampleSteps(steps);
    },
    adapterId,
    setAdapterId,
    request,
    plan: { value: plan, error: answer.error, pending: answer.pending },
    report: createAnswer(looked, (asked) => client.datasets.report(asked.datasetId, asked.modelId, asked.config), 400),
    preview: createAnswer(
      row,
      (asked) => client.datasets.preview(asked.datasetId, asked.at, asked.modelId, asked.config),
      150,
    ),
    estimate,
    watch() {
      setWatched((count) => count + 1);
      return () => {
        setWatched((count) => count - 1);
        estimate.stop();
      };
    },
    takeElsewhere() {
      const asked = request();
      if (!asked) return;
      void saveFiles((folder) => client.runs.export(asked, folder)).then(
        (saved) => saved && notices.show(savedSentence(saved)),
        (error: unknown) => notices.show(errorData(error).message, undefined, 0),
      );
    },
    fix(values) {
      const before = config();
      set(values);
      notices.show('The plan was changed.', { label: 'Undo', run: () => setAll(before) }, 15_000);
    },
  };
}

/** Whether a plan's memory is known not to be too much. */
export const fits = ({ fits: tried, total, limit }: TrainingPlan['memory']): boolean =>
  tried ?? (limit === undefined || total <= limit);
