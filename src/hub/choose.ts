// Which of a repository's files make the model. Publishers put the same weights there in several containers.

import { PronkError, missingFile } from '../core/errors';
import { baseName } from '../core/source';
import { MODEL_FILES, TEMPLATES_FOLDER, VOCABULARY_FILES } from './remote';
import { type GgufVariant, defaultVariant, ggufVariants } from './gguf-variants';

interface AFile {
  readonly path: string;
  readonly size: number;
}

/** The files to import. */
export interface FileChoice<T extends AFile> {
  readonly kind: 'safetensors' | 'torch' | 'meta' | 'gguf';
  /** Small files first, then the weights in the order of their parts. */
  readonly files: readonly T[];
  /** Bytes of all of them. */
  readonly bytes: number;
  /** GGUF files that could be taken instead, smallest first. */
  readonly variants: readonly GgufVariant<T>[];
  /** The one of them that is taken. */
  readonly variant?: string;
}

export interface ChooseOptions {
  /** Folder or file that the address names. */
  readonly path?: string | undefined;
  /** `id` of a GGUF variant. */
  readonly variant?: string | undefined;
}

const BESIDE: ReadonlySet<string> = new Set(MODEL_FILES);
const VOCABULARY: ReadonlySet<string> = new Set(VOCABULARY_FILES);
const TOKENIZERS = ['tokenizer.model', 'tokenizer.json'];

/** Containers, best first: safetensors are checked most and hold nothing but tensors. */
const CONTAINERS = [
  { kind: 'safetensors', weights: /\.safetensors$/, needs: 'config.json', stem: 'model' },
  { kind: 'torch', weights: /\.bin$/, needs: 'config.json', stem: 'pytorch_model' },
  { kind: 'meta', weights: /^consolidated\.\d\d\.pth$/, needs: 'params.json', stem: 'consolidated' },
] as const;

/** Files that end like weights and are none of the model's own. */
const OTHERS = /^(adapter_|training_args|optimizer|scheduler|rng_state|openvino|consolidated\.safetensors|.*\bfp16\b)/;

/**
 * The files of one model, never two containers of it: safetensors before PyTorch's `.bin` before Meta's `.pth` before
 * GGUF, and of GGUF files one precision.
 * @throws PronkError `unsupported-format` when there is no model, `missing-file` when a part of its weights is
 */
export function chooseFiles<T extends AFile>(
  files: readonly T[],
  { path, variant }: ChooseOptions = {},
): FileChoice<T> {
  const named = path !== undefined && files.some((file) => file.path === path);
  const folder = path === undefined ? '' : named ? folderOf(path) : path;
  const within = files.filter((file) => folder === '' || file.path.startsWith(`${folder}/`));
  const variants = ggufVariants(within);
  const wanted = variant ?? (named && /\.gguf$/i.test(path) ? withoutPart(path) : undefined);
  if (wanted === undefined) {
    for (const place of foldersOf(within)) {
      for (const container of CONTAINERS) {
        const found = inFolder(files, place, container);
        if (found) return { ...choice(container.kind, found), variants };
      }
    }
  }
  const chosen = wanted === undefined ? defaultVariant(variants) : variants.find((each) => each.id === wanted);
  if (!chosen) throw nothing(path, variant);
  checkParts(chosen.files);
  const readme = files.filter((file) => file.path === 'README.md');
  return { ...choice('gguf', [...readme, ...chosen.files]), variants, variant: chosen.id };
}

function choice<T extends AFile>(kind: FileChoice<T>['kind'], files: readonly T[]) {
  return { kind, files, bytes: files.reduce((sum, file) => sum + file.size, 0) };
}

/** A container's files in one folder, or undefined when it is not there. */
function inFolder<T extends AFile>(
  files: readonly T[],
  folder: string,
  { weights, needs, stem }: (typeof CONTAINERS)[number],
): T[] | undefined {
  const here = files.filter((file) => folderOf(file.path) === folder);
  const at = (name: string) => here.find((file) => baseName(file.path) === name);
  const config = at(needs);
  const groups = new Map<string, T[]>();
  for (const file of here) {
    const name = baseName(file.path);
    if (!weights.test(name) || OTHERS.test(name)) continue;
    const group = stem === 'consolidated' ? stem : withoutPart(name).replace(/\.\w+$/, '');
    groups.set(group, [...(groups.get(group) ?? []), file]);
  }
  const chosen = groups.get(stem) ?? largest([...groups.values()]);
  if (!chosen || !config) return undefined;
  const parts = chosen.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  checkParts(parts);
  const index = parts.length > 1 ? at(`${withoutPart(baseName(parts[0].path))}.index.json`) : undefined;
  const inOne = here.some((file) => TOKENIZERS.includes(baseName(file.path)));
  const templates = folder === '' ? TEMPLATES_FOLDER : `${folder}/${TEMPLATES_FOLDER}`;
  const beside = [
    ...here.filter(({ path }) => BESIDE.has(baseName(path)) || (!inOne && VOCABULARY.has(baseName(path)))),
    ...files.filter(({ path }) => folderOf(path) === templates && path.endsWith('.jinja')),
  ];
  const small = new Set([config, ...beside, ...tokenizerAbove(files, folder, beside)]);
  if (index) small.add(index);
  for (const file of files) if (file.path === 'README.md') small.add(file);
  return [...small, ...parts];
}

/** Meta's folders (`7B/`, `original/`) have their tokenizer in the folder above: it is taken when there is none beside. */
function tokenizerAbove<T extends AFile>(files: readonly T[], folder: string, beside: readonly T[]): T[] {
  const has = (list: readonly T[]) => list.some((file) => TOKENIZERS.includes(baseName(file.path)));
  let above = folder;
  let found = beside;
  while (!has(found) && above !== '') {
    above = folderOf(above);
    const place = above;
    found = files.filter((file) => folderOf(file.path) === place && BESIDE.has(baseName(file.path)));
  }
  return found.filter((file) => /token|chat_template/.test(baseName(file.path)));
}

/** `x-00002-of-00003.safetensors` promises parts 1 and 3. */
function checkParts<T extends AFile>(parts: readonly T[]): void {
  const names = new Set(parts.map((file) => baseName(file.path)));
  for (const name of names) {
    const [, stem, count, end] = /^(.*)-\d{5}-of-(\d{5})(\.\w+)$/.exec(name) ?? [];
    for (let part = 1; part <= Number(count ?? 0); part++) {
      const other = `${stem}-${String(part).padStart(5, '0')}-of-${count}${end}`;
      if (!names.has(other)) throw missingFile(other);
    }
  }
}

/** Folders that hold files, the outermost first. */
function foldersOf(files: readonly AFile[]): string[] {
  const folders = [...new Set(files.map((file) => folderOf(file.path)))];
  return folders.toSorted((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
}

function depth(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function withoutPart(path: string): string {
  return path.replace(/-\d{5}-of-\d{5}(?=\.\w+$)/, '');
}

function largest<T extends AFile>(groups: readonly T[][]): T[] | undefined {
  const bytes = (group: readonly T[]) => group.reduce((sum, file) => sum + file.size, 0);
  return groups.toSorted((a, b) => bytes(b) - bytes(a))[0];
}

function nothing(path: string | undefined, variant: string | undefined): PronkError {
  if (variant !== undefined) {
    return new PronkError('unsupported-format', `There is no ${variant} among the GGUF files. Choose another one.`);
  }
  return new PronkError(
    'unsupported-format',
    `There is no model ${path === undefined ? 'there' : `in ${path}`} that Pronk reads: neither config.json with ` +
      "safetensors or PyTorch weights, nor Meta's consolidated files, nor a GGUF file.",
  );
}
