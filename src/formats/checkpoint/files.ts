// Which file is which: by magic bytes and by content, since downloads get renamed ("config (1).json").

import { type JsonObject, isObject, notAnObject, parseJson } from '../../core/json';
import { isGguf, isOldGgml } from '../gguf/gguf';
import { isSafetensors } from '../safetensors/safetensors';
import { type Source, baseName, readText } from '../../core/source';
import { isZip } from '../torch/zip';

/** The files of one model, sorted by role. */
export interface ModelFiles {
  readonly gguf: Source[];
  readonly safetensors: Source[];
  /** PyTorch files: a model's weights, and what training leaves beside them. */
  readonly torch: Source[];
  /** Chat templates that have a name, in a folder of their own. */
  readonly namedTemplates: Source[];
  /** `model.safetensors.index.json` and `pytorch_model.bin.index.json`: which shard holds which tensor. */
  index?: Source;
  torchIndex?: Source;
  /** Small JSON files by role. */
  config?: JsonFile;
  /** Meta's `params.json`. */
  params?: JsonFile;
  generationConfig?: JsonFile;
  tokenizerConfig?: JsonFile;
  specialTokensMap?: JsonFile;
  addedTokens?: JsonFile;
  /** AutoGPTQ's and AutoAWQ's `quantize_config.json`, which older folders have in place of a part of config.json. */
  quantizeConfig?: JsonFile;
  tokenizerModel?: Source;
  tokenizerJson?: Source;
  /** A byte-level vocabulary in two files: `vocab.json` and `merges.txt`. */
  vocabulary?: JsonFile;
  merges?: Source;
  chatTemplate?: Source;
  /** `chat_template.json`, as processors saved it. */
  chatTemplateJson?: JsonFile;
  readme?: Source;
}

export interface JsonFile {
  readonly name: string;
  readonly json: JsonObject;
}

type JsonRole =
  | 'config'
  | 'params'
  | 'vocabulary'
  | 'generationConfig'
  | 'tokenizerConfig'
  | 'specialTokensMap'
  | 'addedTokens'
  | 'quantizeConfig'
  | 'chatTemplateJson';

const JSON_ROLES: readonly (readonly [stem: string, role: JsonRole])[] = [
  ['generation_config', 'generationConfig'],
  ['tokenizer_config', 'tokenizerConfig'],
  ['special_tokens_map', 'specialTokensMap'],
  ['added_tokens', 'addedTokens'],
  ['quant_config', 'quantizeConfig'],
  ['quantize_config', 'quantizeConfig'],
  ['config', 'config'],
  ['params', 'params'],
  ['vocab', 'vocabulary'],
  ['chat_template', 'chatTemplateJson'],
];

/** Names as they are published. */
const USUAL = new RegExp(
  `^(${JSON_ROLES.map(([stem]) => stem).join('|')}|tokenizer|(model\\.safetensors|pytorch_model\\.bin)\\.index)\\.json$|^tokenizer\\.model$|^chat_template\\.jinja$`,
);

/** Whether a file is called so, perhaps with what a download added: `config (1).json`, but not `configuration.json`. */
function isCalled(name: string, stem: string): boolean {
  return name.startsWith(stem) && !/^_?[a-z]/.test(name.slice(stem.length));
}

/** The containers of weights that are known. */
export type Container = 'gguf' | 'safetensors' | 'torch';

/**
 * The container that a file is taken for, by its first bytes or else by its name; undefined for anything else. A model's
 * files and an adapter's are told apart by this alone.
 * @param head the first 16 bytes
 */
function containerOf(head: Uint8Array, name: string): Container | undefined {
  if (isGguf(head) || isOldGgml(head) || name.endsWith('.gguf')) return 'gguf';
  if (isSafetensors(head) || name.endsWith('.safetensors')) return 'safetensors';
  return isZip(head) || /\.(pth|pt|bin)$/.test(name) ? 'torch' : undefined;
}

/** The container of a source, and its file's name in small letters. */
export async function inspectFile(source: Source) {
  const head = await source.read(0, Math.min(source.size, 16));
  const name = baseName(source.name).toLowerCase();
  return { head, name, container: containerOf(head, name) };
}

/** Larger JSON files than this are not read to find out what they are. */
const MAX_JSON = 128 << 20;

/** Sorts files by what they are; those that mean nothing to Pronk are left out. */
export async function sortFiles(sources: readonly Source[]): Promise<ModelFiles> {
  const files: ModelFiles = { gguf: [], safetensors: [], torch: [], namedTemplates: [] };
  // of several that could be meant, the one with the very name is taken: it comes last
  const isUsual = (source: Source) => USUAL.test(baseName(source.name));
  for (const source of sources.toSorted((a, b) => Number(isUsual(a)) - Number(isUsual(b)))) await sort(source, files);
  return files;
}

async function sort(source: Source, files: ModelFiles): Promise<void> {
  const { head, name, container } = await inspectFile(source);
  // by name before anything else: a template begins like JSON does
  if (name.endsWith('.jinja')) sortTemplate(source, name, files);
  else if (container) files[container].push(source);
  else if (name.endsWith('.json') || head[0] === 0x7b) await sortJson(source, name, files);
  else if (name === 'readme.md') files.readme = source;
  else if (/^merges.*\.txt$/.test(name)) files.merges = source;
  // The first field of a SentencePiece model is a piece: tag 0x0a, a length, tag 0x0a.
  else if (name.endsWith('.model') || (head[0] === 0x0a && head[2] === 0x0a)) files.tokenizerModel = source;
}

/** A model's template; those for tools or documents lie in a folder of their own. */
function sortTemplate(source: Source, name: string, files: ModelFiles): void {
  if (/(^|\/)additional_chat_templates\//.test(source.name)) {
    files.namedTemplates.push(source);
    return;
  }
  if (isCalled(name, 'chat_template') || !files.chatTemplate) files.chatTemplate = source;
}

async function sortJson(source: Source, name: string, files: ModelFiles): Promise<void> {
  if (source.size > MAX_JSON) return;
  const text = await readText(source);
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    json = undefined;
  }
  if (isCalled(name, 'tokenizer')) files.tokenizerJson = source;
  else if (name.includes('.index') || (isObject(json) && 'weight_map' in json)) {
    const torch = /\.bin|pytorch/.test(name) || (isObject(json) && hasTorchShards(json['weight_map']));
    files[torch ? 'torchIndex' : 'index'] = source;
  } else {
    const role = JSON_ROLES.find(([stem]) => isCalled(name, stem))?.[1];
    if (!isObject(json)) {
      // a damaged file must not pass for one that says nothing
      if (role) throw notAnObject(text, source.name);
    } else if (role) files[role] = { name: source.name, json };
    else if ('model_type' in json || 'architectures' in json) files.config = { name: source.name, json };
    else if ('dim' in json && 'n_layers' in json) files.params = { name: source.name, json };
    else if ('added_tokens' in json && 'model' in json) files.tokenizerJson = source;
  }
}

function hasTorchShards(map: unknown): boolean {
  return (
    isObject(map) && Object.values(map).some((shard) => typeof shard === 'string' && /\.(bin|pt|pth)$/.test(shard))
  );
}
