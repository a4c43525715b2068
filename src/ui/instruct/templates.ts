// Instruct templates: the ones that Pronk brings, and a person's own, in the format of alpaca-lora's files.
import { type Accessor, createMemo, createSignal } from 'solid-js';
import type { PromptTemplate } from '../../worker/contract';
import { asString, createStored, isRecord } from '../shared/local-storage';

export interface TemplatesState {
  readonly all: Accessor<readonly PromptTemplate[]>;
  readonly own: Accessor<readonly PromptTemplate[]>;
  readonly chosen: Accessor<PromptTemplate | undefined>;
  choose(name: string): void;
  /** Keeps an own template under its name. @returns what is wrong with it */
  save(template: PromptTemplate): string | undefined;
  /** Keeps a template from a file, under another name where Pronk brings one of this name that differs. */
  take(template: PromptTemplate): { readonly name: string; readonly problem?: string };
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

/** A template's file; undefined where it is none. */
export async function readTemplate(file: File): Promise<PromptTemplate | undefined> {
  try {
    return parseTemplate(JSON.parse(await file.text()), file.name.replace(/\.json$/i, ''));
  } catch {
    return undefined;
  }
}

export const noTemplate = (file: string): string =>
  `${file} is not a template: prompt_input, prompt_no_input or response_split is missing.`;

/** What keeps a template from working, as a sentence. */
export function problemWith({ name, prompt_input, prompt_no_input }: PromptTemplate): string | undefined {
  if (name.trim() === '') return 'The template needs a name.';
  if (!prompt_input.includes('{instruction}') || !prompt_no_input.includes('{instruction}')) {
    return 'Both prompts need the placeholder {instruction}.';
  }
  if (!prompt_input.includes('{input}')) return 'The prompt with input needs the placeholder {input}.';
  return undefined;
}

/** Whether two templates make the same prompts. */
const isSameForm = (a: PromptTemplate, b: PromptTemplate) =>
  FIELDS.every((field) => a[field] === b[field]) && a.separator === b.separator;

const parseOwn = (stored: unknown) =>
  Array.isArray(stored) ? stored.map((each) => parseTemplate(each)).filter((each) => each !== undefined) : undefined;

export function createTemplates(read: () => Promise<readonly PromptTemplate[]>): TemplatesState {
  const [brought, setBrought] = createSignal<readonly PromptTemplate[]>([]);
  const [own, setOwn] = createStored<readonly PromptTemplate[]>('templates', [], parseOwn);
  const [name, choose] = createStored<string>('template', 'alpaca', asString);
  const all = createMemo(() => [...brought(), ...own()]);
  const chosen = createMemo(() => all().find((each) => each.name === name()) ?? all().at(0));
  void read().then(setBrought, () => {});
  const keep = (template: PromptTemplate) => setOwn([...own().filter((each) => each.name !== template.name), template]);
  return {
    all,
    own,
    chosen,
    choose,
    take(template) {
      const named = brought().find((each) => each.name === template.name);
      if (named && isSameForm(named, template)) return { name: named.name };
      const kept = named ? { ...template, name: `${template.name} (own)` } : template;
      const problem = problemWith(kept);
      if (problem) return { name: kept.name, problem: `${kept.name} cannot be used: ${problem}` };
      keep(kept);
      return { name: kept.name };
    },
    save(template) {
      const taken = brought().some((each) => each.name === template.name.trim());
      const problem = taken
        ? `Pronk has a built-in template named ${template.name}. Choose another name.`
        : problemWith(template);
      if (problem) return problem;
      const named = { ...template, name: template.name.trim() };
      keep(named);
      choose(named.name);
      return undefined;
    },
    remove: (removed) => setOwn(own().filter((each) => each.name !== removed)),
  };
}
