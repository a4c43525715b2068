// A model's name before a person gives it one: the name in its files, else that of the folder that they came in.

import type { Checkpoint } from '../../core/checkpoint';

/** Names that tools give to files and folders, whatever model is in them. */
const GENERIC = [
  /^(pytorch_|ggml-|gguf-|hf-|hf_)?model([-_.](f16|f32|bf16|q\d\w*))?$/i,
  /^(consolidated|checkpoints?|snapshots?|blobs|refs|main|master|weights|files|download(s|ed)?|converted|hf|gguf)([-_.]\d+)?$/i,
  /^(outputs?|results?|final(_model)?|merged(_model)?|best(_model)?|last|latest|new folder|tmp\w*|temp|unknown|untitled)$/i,
  /^[0-9a-f]{32,64}$/i,
  /^[\W_\d]*$/,
];
const STEP = /^checkpoint[-_]?\d+$/i;

const isGeneric = (name: string) => GENERIC.some((pattern) => pattern.test(name.trim()));

/**
 * @param paths of the files that were given, with folders where they are known
 */
export function modelName(
  { name, container }: Pick<Checkpoint, 'name' | 'container'>,
  paths: readonly string[],
): string {
  const folder = folderName(commonFolders(paths));
  // Meta's folders are called by the number of parameters
  if (container === 'meta' && folder !== undefined && /^\d+B/i.test(name) && folder !== name)
    return `${folder} ${name}`;
  // a GGUF file says its own name; a folder's configuration says what it was trained from, if anything
  if (folder !== undefined && (container !== 'gguf' || isGeneric(name))) return folder;
  return name;
}

/** The innermost folder that says anything; of a training's checkpoint the run's folder and the step. */
function folderName(folders: readonly string[]): string | undefined {
  const at = folders.findLastIndex((folder) => !isGeneric(folder) && !STEP.test(folder));
  const found = folders[at];
  if (found === undefined) return folders.find((folder) => STEP.test(folder));
  const step = folders.slice(at + 1).find((folder) => STEP.test(folder));
  // the Hub's cache on the disk
  const [, cached = found] = /^models--.+?--(.+)$/.exec(found) ?? [];
  return step === undefined ? cached : `${cached} ${step}`;
}

/** Folders that all paths have in common, the outermost first. */
function commonFolders(paths: readonly string[]): string[] {
  const [first = [], ...others] = paths.map((path) => path.split(/[\\/]/).slice(0, -1).filter(Boolean));
  let common = 0;
  while (common < first.length && others.every((other) => other[common] === first[common])) common++;
  return first.slice(0, common);
}
