// Instructions through a template: the form, the answer, and the history of what was asked.
import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js';
import { unwrap } from 'solid-js/store';
import type {
  ErrorData,
  FinishReason,
  GenerationTiming,
  PromptTemplate,
  SamplingOptions,
  Stored,
} from '../../worker/contract';
import { errorData } from '../../worker/client';
import type { SettingsState } from '../settings/settings';
import { createCollection } from '../shared/collection';
import { type AnswerTokens, isOpen } from '../shared/conversation';
import type { EngineState } from '../shared/engine-state';
import { asString, createStored, isRecord } from '../shared/local-storage';
import type { Notices } from '../shared/notices';
import { beginAnswer, endAnswer, type StreamedAnswer, streamAnswer } from '../shared/streamed-answer';
import type { AnswerForm } from '../settings/answer-form';
import type { PenaltiesState } from '../settings/penalties';
import { createTemplates, type TemplatesState } from './templates';

/** An instruction with its response. The store keeps it as a record of the kind `runs`. */
export interface Instruction extends Stored {
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
  /** The instruction whose response is shown. */
  readonly shown: Accessor<Instruction | undefined>;
  readonly running: Accessor<boolean>;
  readonly tokensPerSecond: Accessor<number>;
  /** Earlier instructions, the latest first. */
  readonly history: Accessor<readonly Instruction[]>;
  generate(): void;
  /** The shown response did not come to its end, and its template is still there: it can be continued. */
  readonly canContinue: Accessor<boolean>;
  continueResponse(): void;
  stop(): void;
  /** Puts an instruction back into the form, and shows its response. */
  open(instruction: Instruction): void;
  star(instruction: Instruction): void;
  remove(instruction: Instruction): void;
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

function parseInstruction(stored: Stored): Instruction | undefined {
  const { instruction, response } = stored;
  return typeof instruction === 'string' && typeof response === 'string' ? (stored as Instruction) : undefined;
}

/** A response that was being written when the page was closed is marked as interrupted. */
function withoutWriting(instruction: Instruction): Instruction {
  if (instruction.state !== 'streaming') return instruction;
  const error = { code: 'interrupted', message: 'The page was closed before this response was complete.' };
  return { ...instruction, state: 'failed', error };
}

/** Two states of an instruction as one: another window may have written on, or starred it. */
function mergeInstruction(mine: Instruction, theirs: Instruction): Instruction {
  const answered = (theirs.answeredAt ?? 0) > (mine.answeredAt ?? 0) ? theirs : mine;
  const { starred, starredAt } = (theirs.starredAt ?? 0) > (mine.starredAt ?? 0) ? theirs : mine;
  const updatedAt = Math.max(mine.updatedAt, theirs.updatedAt);
  return { ...answered, updatedAt, starred, ...(starredAt !== undefined && { starredAt }) };
}

/** Must run inside a Solid root. */
export function createInstruct(
  engine: EngineState,
  settings: SettingsState,
  notices: Notices,
  { form: answerForm, penalties }: { readonly form?: AnswerForm; readonly penalties?: PenaltiesState } = {},
): InstructState {
  const { client } = engine;
  const templates = createTemplates(() => client.prompts.templates());
  const [form, setForm] = createStored('instruct', { instruction: '', input: '' }, parseForm);
  const [shownId, setShownId] = createSignal('');
  const [rate, setRate] = createSignal(0);
  /** Ids of instructions that are not asked yet, since they are being stored. */
  const unsent = new Set<string>();
  const sayError = (error: unknown) => notices.show(errorData(error).message);

  const instructions = createCollection<Instruction>({
    records: client.records,
    kind: 'runs',
    leftover: 'unsaved-runs',
    parse: parseInstruction,
    merge: mergeInstruction,
    opened: withoutWriting,
    // another window could not tell whether a response is still being written
    isShared: ({ state }) => state !== 'streaming',
    onUnsaved: (error) => notices.show(`An instruction could not be saved. ${errorData(error).message}`),
    onUndeleted: sayError,
  });
  const shown = createMemo(() => instructions.find(shownId()));
  const running = () => shown()?.state === 'streaming';
  const history = createMemo(() => instructions.all.toSorted((a, b) => b.createdAt - a.createdAt));
  void instructions.read().catch(sayError);

  /** Where the response of an instruction is written. */
  const responseOf = (id: string) => ({
    id,
    write(values: (before: Partial<StreamedAnswer> & { content: string }) => Partial<StreamedAnswer>) {
      instructions.change(id, (record) => {
        const { content, ...others } = values({ ...record, content: record.response });
        Object.assign(record, others, { answeredAt: Date.now() }, content !== undefined && { response: content });
      });
    },
    setRate: (tokensPerSecond: number | undefined) => setRate(tokensPerSecond ?? 0),
  });

  const promptOf = ({ instruction, input }: Instruction, template: PromptTemplate) =>
    ({ kind: 'instruct', instruction, input, template }) as const;
  const templateOf = ({ template }: Instruction) => templates.all().find(({ name }) => name === template);
  const canContinue = () => {
    const last = shown();
    return last !== undefined && isOpen({ ...last, content: last.response }) && templateOf(last) !== undefined;
  };

  const asAsked = () => {
    const format = answerForm?.format();
    const adjustments = penalties?.adjustments();
    return { ...(format && { responseFormat: format }), ...(adjustments && { adjustments }) };
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
    history,
    generate() {
      const template = templates.chosen();
      const { instruction, input } = form();
      if (!template || instruction.trim() === '' || running()) return;
      const id = crypto.randomUUID();
      const sampling = settings.sampling();
      const now = Date.now();
      const asked: Instruction = {
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
      instructions.add(asked);
      setShownId(id);
      setRate(0);
      const problem = answerForm?.problem();
      if (problem !== undefined) {
        endAnswer(responseOf(id), { state: 'failed', error: { code: 'bad-schema', message: problem } });
        return;
      }
      unsent.add(id);
      const request = { prompt: promptOf(asked, template), sampling, stop: stopsOf(template), ...asAsked() };
      // a page that dies while it answers has kept the instruction
      void instructions.save(id).then(() => unsent.delete(id) && streamAnswer(engine, responseOf(id), request));
    },
    canContinue,
    continueResponse() {
      const last = shown();
      const template = last && templateOf(last);
      if (!last || !template || !canContinue()) return;
      const before = structuredClone(unwrap(last));
      const target = responseOf(last.id);
      const problem = answerForm?.problem();
      if (problem !== undefined) {
        endAnswer(target, { state: 'failed', error: { code: 'bad-schema', message: problem } });
        return;
      }
      beginAnswer(target);
      streamAnswer(engine, target, {
        prompt: promptOf(before, template),
        sampling: { ...settings.sampling(), seed: before.sampling.seed },
        stop: stopsOf(template),
        ...asAsked(),
        continues: { ...before, content: before.response },
      });
    },
    stop() {
      if (unsent.delete(shownId())) endAnswer(responseOf(shownId()), { state: 'abort' });
      else engine.stop(shownId());
    },
    open({ id, instruction, input, template }) {
      if (running()) return;
      setForm({ instruction, input });
      templates.choose(template);
      setShownId(id);
    },
    star: ({ id }) =>
      instructions.change(id, (record) => {
        record.starred = !record.starred;
        record.starredAt = Date.now();
      }),
    remove({ id, state }) {
      if (!unsent.delete(id) && state === 'streaming') engine.stop(id);
      const restore = instructions.remove(id);
      notices.show('The instruction was deleted.', { label: 'Undo', run: restore });
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
