// Instruct templates: the ones that Pronk brings, and a person's own, in the format of alpaca-lora's files.
import { type Accessor, createMemo, createSignal } from 'solid-js';
import type { PromptTemplate } from '../../worker/api';
import { asString, createStored, isRecord } from './stored';

export interface TemplatesState {
  readonly all: Accessor<readonly PromptTemplate[]>;
  readonly own: Accessor<readonly PromptTemplate[]>;
  readonly chosen: Accessor<PromptTemplate | undefined>;
  choose(name: string): void;
  /** Keeps an own template under its name. @returns what is wrong with it */
  save(template: PromptTemplate): string | undefined;
  remove(name: string): void;
}

const FIELDS = ['prompt_input', 'prompt_no_input', 'response_split'] as const;

/** A template from JSON, e.g. one of alpaca-lora's files; undefined where fields are missing. */
export function parseTemplate(value: unknown, name = ''): PromptTemplate | undefined {
  if (!isRecord(value)) return undefined;
  const [prompt_input, prompt_no_input, response_split] = FIELDS.map((field) => asString(value[field]));
  if (prompt_input === undefined || prompt_no_input === undefined || response_split === undefined) return undefined;
  return {
    name: asString(value['name']) ?? name,
    description: asString(value['description']) ?? '',
    prompt_input,
    prompt_no_input,
    response_split,
    ...((value['separator'] === 'eos-bos' || value['separator'] === 'apart') && { separator: value['separator'] }),
  };
}

/** What keeps a template from working, as a sentence. */
export function problemWith({ name, prompt_input, prompt_no_input }: PromptTemplate): string | undefined {
  if (name.trim() === '') return 'The template needs a name.';
  if (!prompt_input.includes('{instruction}') || !prompt_no_input.includes('{instruction}')) {
    return 'Both forms need the placeholder {instruction}.';
  }
  if (!prompt_input.includes('{input}')) return 'The first form needs the placeholder {input}.';
  return undefined;
}

const parseOwn = (stored: unknown) =>
  Array.isArray(stored) ? stored.map((each) => parseTemplate(each)).filter((each) => each !== undefined) : undefined;

export function createTemplates(read: () => Promise<readonly PromptTemplate[]>): TemplatesState {
  const [brought, setBrought] = createSignal<readonly PromptTemplate[]>([]);
  const [own, setOwn] = createStored<readonly PromptTemplate[]>('templates', [], parseOwn);
  const [name, choose] = createStored<string>('template', 'alpaca', asString);
  const all = createMemo(() => [...brought(), ...own()]);
  const chosen = createMemo(() => all().find((each) => each.name === name()) ?? all().at(0));
  void read().then(setBrought, () => {});
  return {
    all,
    own,
    chosen,
    choose,
    save(template) {
      const taken = brought().some((each) => each.name === template.name.trim());
      const problem = taken
        ? `Pronk brings a template named ${template.name}. Choose another name.`
        : problemWith(template);
      if (problem) return problem;
      const named = { ...template, name: template.name.trim() };
      setOwn([...own().filter((each) => each.name !== named.name), named]);
      choose(named.name);
      return undefined;
    },
    remove: (removed) => setOwn(own().filter((each) => each.name !== removed)),
  };
}
