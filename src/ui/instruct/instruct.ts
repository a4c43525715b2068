// Instructions through a template: the form, the answer, and the runs that were made.
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js';
import { createStore, produce, unwrap } from 'solid-js/store';
import type {
  ErrorData,
  FinishReason,
  GenerationTiming,
  PromptTemplate,
  SamplingOptions,
  Stored,
} from '../../worker/contract';
import { errorData } from '../../worker/client';
import { joinTimings } from '../shared/answering';
import { type AnswerTokens, isOpen } from '../shared/conversation';
import type { EngineState } from '../shared/engine-state';
import { putJoined } from '../shared/put-joined';
import type { Notices } from '../shared/notices';
import { createSaver, takeLeftovers } from '../shared/autosave';
import type { SettingsState } from '../settings/settings';
import { asString, createStored, isRecord } from '../shared/local-storage';
import { createTemplates, type TemplatesState } from './templates';

export interface Run extends Stored {
  readonly createdAt: number;
  readonly instruction: string;
  readonly input: string;
  /** The template's name. */
  readonly template: string;
  readonly sampling: SamplingOptions;
  model?: string;
  response: string;
  state: 'streaming' | 'failed' | FinishReason;
  error?: ErrorData | undefined;
  timing?: GenerationTiming;
  tokens?: AnswerTokens;
  /** When the response last changed. */
  answeredAt?: number;
  starred: boolean;
  starredAt?: number;
}

/** Instructions of alpaca-lora's README, where three models' answers to them can be compared. */
export const examples: readonly { readonly label: string; readonly instruction: string }[] = [
  { label: 'Alpacas', instruction: 'Tell me about alpacas.' },
  { label: 'President of Mexico', instruction: 'Tell me about the president of Mexico in 2019.' },
  { label: 'King of France', instruction: 'Tell me about the king of France in 2019.' },
  { label: 'Canadian provinces', instruction: 'List all Canadian provinces in alphabetical order.' },
  { label: 'Fibonacci', instruction: 'Write a Python program that prints the first 10 Fibonacci numbers.' },
  {
    label: 'FizzBuzz',
    instruction:
      "Write a program that prints the numbers from 1 to 100. But for multiples of three print 'Fizz' instead of the number and for the multiples of five print 'Buzz'. For numbers which are multiples of both three and five print 'FizzBuzz'.",
  },
  { label: 'Rhymes', instruction: "Tell me five words that rhyme with 'shock'." },
  {
    label: 'Into Spanish',
    instruction: "Translate the sentence 'I have no mouth but I must scream' into Spanish.",
  },
  { label: 'Counting', instruction: 'Count up from 1 to 500.' },
];

export interface InstructState {
  readonly templates: TemplatesState;
  readonly instruction: Accessor<string>;
  setInstruction(text: string): void;
  readonly input: Accessor<string>;
  setInput(text: string): void;
  /** The exact prompt for what is in the form; undefined where it is not known yet. */
  readonly preview: Accessor<string | undefined>;
  /** The run whose response is shown. */
  readonly shown: Accessor<Run | undefined>;
  readonly running: Accessor<boolean>;
  readonly tokensPerSecond: Accessor<number>;
  readonly runs: Accessor<readonly Run[]>;
  generate(): void;
  /** The shown response did not come to its end, and its template is still there: it can be gone on with. */
  readonly canGoOn: Accessor<boolean>;
  goOn(): void;
  stop(): void;
  /** Puts a run's instruction back into the form, and shows its response. */
  open(run: Run): void;
  star(run: Run): void;
  remove(run: Run): void;
}

/** Where a model that was not trained to end would begin a next turn. */
export function stopsOf({ response_split }: PromptTemplate): string[] {
  const split = response_split.trim();
  return ['\n### Instruction:', ...(split === '' ? [] : [`\n${split}`])];
}

const parseForm = (stored: unknown) =>
  isRecord(stored)
    ? { instruction: asString(stored['instruction']) ?? '', input: asString(stored['input']) ?? '' }
    : undefined;

function parseRun(stored: Stored): Run | undefined {
  const run = stored as Run;
  if (typeof run.instruction !== 'string' || typeof run.response !== 'string') return undefined;
  if (run.state !== 'streaming') return run;
  const error = { code: 'interrupted', message: 'The page was closed before this response was complete.' };
  return { ...run, state: 'failed', error };
}

/** A run joined with a stored state of it: another window may have written on, or starred it. */
function joinStored(mine: Run, stored: Stored): Run {
  const theirs = stored as Run;
  const [said, marked] = [
    (theirs.answeredAt ?? 0) > (mine.answeredAt ?? 0) ? theirs : mine,
    (theirs.starredAt ?? 0) > (mine.starredAt ?? 0) ? theirs : mine,
  ];
  const { starred, starredAt } = marked;
  return { ...said, starred, ...(starredAt !== undefined && { starredAt }) };
}

export function createInstruct(engine: EngineState, settings: SettingsState, notices: Notices): InstructState {
  const { client } = engine;
  const templates = createTemplates(() => client.prompts.templates());
  const [form, setForm] = createStored('instruct', { instruction: '', input: '' }, parseForm);
  const [all, setAll] = createStore<Run[]>([]);
  const [shownId, setShownId] = createSignal('');
  const [rate, setRate] = createSignal(0);
  /** Not asked for yet, since they are being stored. */
  const unsent = new Set<string>();
  const shown = createMemo(() => all.find(({ id }) => id === shownId()));
  const running = () => shown()?.state === 'streaming';
  const runs = createMemo(() => all.toSorted((a, b) => b.createdAt - a.createdAt));

  const saver = createSaver({
    read: (id) => unwrap(all.find((run) => run.id === id)),
    put: async (record) => void (await putJoined(client.records, 'runs', record as Run, joinStored)),
    remove: (id) => client.records.delete('runs', id),
    onError: (error) => notices.show(`An instruction could not be saved. ${errorData(error).message}`),
    leftover: 'unsaved-runs',
  });
  const change = (id: string, values: (run: Run) => Partial<Run>) =>
    write(id, (run) => ({ ...values(run), answeredAt: Date.now() }));
  const write = (id: string, values: (run: Run) => Partial<Run>) => {
    setAll(
      (run) => run.id === id,
      produce((run) => Object.assign(run, values(run), { updatedAt: Date.now() })),
    );
    saver.schedule(id);
  };

  async function read(): Promise<void> {
    const { records, newer } = takeLeftovers('unsaved-runs', await client.records.list('runs'), (kept, left) =>
      joinStored(left as Run, kept),
    );
    setAll((before) => [...before, ...records.map(parseRun).filter((run) => run !== undefined)]);
    for (const { id } of newer) saver.schedule(id);
  }
  void read().catch((error: unknown) => notices.show(errorData(error).message));

  /** Asks for a run's response; `begun` is the part of it that is there and is gone on with. */
  function ask(run: Run, template: PromptTemplate, sampling: SamplingOptions, begun?: Run): void {
    const { id, instruction, input } = run;
    let modelId = '';
    let first = true;
    engine.generate({
      id,
      prompt: { kind: 'instruct', instruction, input, template },
      sampling,
      stop: stopsOf(template),
      ...(begun && {
        begun: ({ id: model }) => (begun.tokens?.model === model ? begun.tokens.ids : begun.response),
      }),
      onModel(model) {
        modelId = model.id;
        change(id, () => ({ model: model.name }));
      },
      onText(text, tokensPerSecond, ids) {
        setRate(tokensPerSecond);
        const whole = first;
        first = false;
        change(id, ({ response, tokens }) => ({
          response: whole ? text : response + text,
          tokens: { model: modelId, ids: whole || !tokens ? ids : [...tokens.ids, ...ids] },
        }));
      },
      onDone: (state, timing) =>
        change(id, () => ({ state, ...(timing && { timing: joinTimings(begun?.timing, timing) }) })),
      onFailed: (error) => change(id, () => ({ state: 'failed', error })),
    });
  }

  const templateOf = ({ template }: Run) => templates.all().find(({ name }) => name === template);
  const canGoOn = () => {
    const run = shown();
    return run !== undefined && isOpen({ ...run, content: run.response }) && templateOf(run) !== undefined;
  };

  return {
    templates,
    instruction: () => form().instruction,
    setInstruction: (instruction) => setForm({ ...form(), instruction }),
    input: () => form().input,
    setInput: (input) => setForm({ ...form(), input }),
    preview: createPreview(engine, () => ({ ...form(), template: templates.chosen() })),
    shown,
    running,
    tokensPerSecond: rate,
    runs,
    generate() {
      const template = templates.chosen();
      const { instruction, input } = form();
      if (!template || instruction.trim() === '' || running()) return;
      const id = crypto.randomUUID();
      const sampling = settings.sampling();
      const now = Date.now();
      const run: Run = {
        id,
        createdAt: now,
        updatedAt: now,
        instruction,
        input,
        template: template.name,
        sampling,
        response: '',
        state: 'streaming',
        starred: false,
      };
      setAll((before) => [...before, run]);
      setShownId(id);
      setRate(0);
      unsent.add(id);
      // a page that dies while it answers has kept the instruction
      void saver.now(id).then(() => unsent.delete(id) && ask(run, template, sampling));
    },
    canGoOn,
    goOn() {
      const run = shown();
      const template = run && templateOf(run);
      if (!run || !template || !canGoOn()) return;
      const begun = structuredClone(unwrap(run));
      setRate(0);
      change(run.id, () => ({ state: 'streaming', error: undefined }));
      ask(begun, template, { ...settings.sampling(), seed: run.sampling.seed }, begun);
    },
    stop() {
      if (unsent.delete(shownId())) change(shownId(), () => ({ state: 'abort' }));
      else engine.stop(shownId());
    },
    open(run) {
      if (running()) return;
      setForm({ instruction: run.instruction, input: run.input });
      templates.choose(run.template);
      setShownId(run.id);
    },
    star: (run) => write(run.id, ({ starred }) => ({ starred: !starred, starredAt: Date.now() })),
    remove(run) {
      const kept = structuredClone(unwrap(run));
      if (!unsent.delete(run.id) && run.state === 'streaming') engine.stop(run.id);
      setAll((before) => before.filter(({ id }) => id !== run.id));
      void saver.remove(run.id).catch((error: unknown) => notices.show(errorData(error).message));
      notices.show('The instruction was deleted.', {
        label: 'Undo',
        run() {
          setAll((before) => [...before, kept]);
          saver.schedule(kept.id);
        },
      });
    },
  };
}

type Previewed = { instruction: string; input: string; template: PromptTemplate | undefined };

/** The exact prompt, a moment after it last changed; an answer that comes too late is dropped. */
function createPreview(engine: EngineState, previewed: Accessor<Previewed>): Accessor<string | undefined> {
  const [preview, setPreview] = createSignal<string>();
  const wanted = createMemo(() => ({ ...previewed(), model: engine.model()?.id }));
  createEffect(
    on(wanted, ({ instruction, input, template, model }) => {
      let late = false;
      const timer = setTimeout(() => {
        if (!template || model === undefined) return;
        engine.client.prompts.preview(model, { kind: 'instruct', instruction, input, template }).then(
          (text) => late || setPreview(text),
          () => late || setPreview(undefined),
        );
      }, 120);
      onCleanup(() => {
        late = true;
        clearTimeout(timer);
      });
    }),
  );
  return preview;
}
