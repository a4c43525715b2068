// Which of the files that were given together are one model, and which belong to what was given before.
import type { GivenFile, ImportPlan } from '../../worker/contract';
import { baseName, folderOf } from '../shared/paths';

const SPLIT = /-\d{5}-of-\d{5}\.gguf$/i;
const GGUF = /\.gguf$/i;
const ENCRYPTED = /\.enc$/i;
const KEY = /\.pth$/i;
const WEIGHTS = /\.(gguf|safetensors|bin|pth)$/i;
/** What makes a folder a checkpoint. */
const CHECKPOINT = /\.(safetensors|pth)(\.index\.json)?$|(^|\/)pytorch_model[^/]*\.bin$/i;

/** Weights by the names that a checkpoint's own have: its folder is a model whatever else lies in it. */
const OWN_WEIGHTS = /(^|\/)(model[^/]*\.safetensors|pytorch_model[^/]*\.bin)$/i;
const CONFIG = /(^|\/)config\.json$/i;
/** A folder of a checkpoint that belongs to it. */
const TEMPLATES = /(^|\/)additional_chat_templates\/$/;

type Named = Pick<GivenFile, 'path'>;

const has = (files: readonly Named[], pattern: RegExp) => files.some(({ path }) => pattern.test(path));

/** Files that belong together: a GGUF file (or its splits), encrypted files with their key, or all else of a folder. */
export function groupFiles<T extends Named>(files: readonly T[]): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  // a checkpoint's folder may bring its own GGUF: the whole is one model
  const checkpoint = has(files, CHECKPOINT);
  const encrypted = has(files, ENCRYPTED);
  for (const file of files) {
    const { path } = file;
    const alone = GGUF.test(path) && (encrypted || !checkpoint);
    const folder = folderOf(path).replace(TEMPLATES, '$1');
    const key = alone ? path.replace(SPLIT, '') : encrypted ? '' : folder;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  if (checkpoint) dropInner(groups);
  const isModel = (group: readonly T[]) => has(group, WEIGHTS) || has(group, ENCRYPTED);
  const models = [...groups].filter(([, group]) => isModel(group));
  // Meta keeps the tokenizer beside the folders of its models
  for (const [folder, group] of groups) {
    if (isModel(group)) continue;
    for (const [key, model] of models) if (!GGUF.test(key) && key.startsWith(folder)) model.unshift(...group);
  }
  // beside GGUF files lie readmes and licences, which are no models
  return models.length > 0 ? models.map(([, group]) => group) : [...groups.values()];
}

/**
 * Takes away the folders inside a whole checkpoint's: the same model in another program's layout (`original/`, `onnx/`),
 * or steps of the training that led to it. GGUF files are named one by one.
 */
function dropInner(groups: Map<string, readonly Named[]>): void {
  const whole = [...groups].filter(([, group]) => has(group, CONFIG) && has(group, OWN_WEIGHTS)).map(([key]) => key);
  for (const key of groups.keys())
    if (whole.some((outer) => key !== outer && key.startsWith(outer))) groups.delete(key);
}

/** What a group is called before it has been looked at. */
export function nameOf(files: readonly Named[]): string {
  const [{ path }] = files;
  const [folder] = path.split('/');
  return files.length > 1 && folder !== path ? folder : baseName(path);
}

/** Whether files go to what was given before: encrypted files and their key come in any order, and so does what lacks. */
export function belongTogether(
  before: { readonly paths: readonly string[]; readonly plan?: ImportPlan | undefined },
  files: readonly Named[],
): boolean {
  if (has(files, GGUF)) return false;
  const paths = before.paths.map((path) => ({ path }));
  if (has(paths, ENCRYPTED)) return true;
  if (has(files, ENCRYPTED)) return has(paths, KEY);
  if (before.plan?.problem === undefined || before.plan.choices.length > 0) return false;
  const whole = has(files, WEIGHTS) && has(files, /(^|\/)(config|params)\.json$/i);
  return !whole && (isIncomplete(before.plan) || !has(paths, WEIGHTS));
}

/** Whether more files would help; what is damaged or unknown stays so. */
export const isIncomplete = ({ problem }: ImportPlan): boolean => problem?.code.startsWith('missing-') ?? false;

/** Whether all of the files that are asked for are there, by name and size. */
export function areAllThere(
  wanted: readonly { readonly name: string; readonly size: number }[],
  files: readonly GivenFile[],
): boolean {
  return wanted.every(({ name, size }) =>
    files.some(({ path, file }) => baseName(path) === baseName(name) && file.size === size),
  );
}
