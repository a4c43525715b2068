// Files -> an adapter, whatever wrote it: PEFT, llama.cpp or mlx-lm, told apart by content.

import type { ModelConfig } from '../../core/model-config';
import type { WeightTensor } from '../../core/weight-kinds';
import { type Adapter, configWith } from '../../core/adapter';
import { PronkError } from '../../core/errors';
import { areFinite, hasNonFinite } from '../../core/finite';
import { openTokenizer } from '../checkpoint/open';
import { type Container, inspectFile, type JsonFile } from '../checkpoint/files';
import { parseObject } from '../../core/json';
import { baseName, readText, type Source } from '../../core/source';
import { readGgufAdapter } from './gguf';
import { isMlx, readMlx } from './mlx';
import { moduleName } from './modules';
import { readPeft } from './peft';

export { isGgufAdapter, writeGgufAdapter } from './gguf';
export { MIX_METHODS, type Mix, type MixError, mixed, type MixMethod, type MixOptions } from './mix/index';
export { writeMlx } from './mlx';
export { checkFit } from './modules';
export { type AdapterFile, writePeft } from './peft';

const NONE = new Float32Array(0);

/** A configuration is some kilobytes; nothing larger is read to find out. */
const MAX_CONFIG = 4 << 20;

/**
 * Reads an adapter for a base: a PEFT or mlx-lm folder's files, or a GGUF adapter. What else lies in the folder
 * (checkpoints below it, optimizer states) is let be.
 * @param tensors the base's, where they are at hand: an embedding that an adapter brings must be the base's own
 * @throws PronkError `adapter-empty`, `adapter-mismatch`, `unsupported-adapter`, `missing-file`, `missing-tensor`,
 *   `corrupt-file`, `nan-weights`, `unsafe-pickle`, `unsupported-format`
 */
export async function readAdapter(
  files: readonly Source[],
  config: ModelConfig,
  tensors?: readonly WeightTensor[],
): Promise<Adapter> {
  const adapter = await read(files, config, tensors);
  for (const pair of adapter.pairs) {
    const { a, b, scale, magnitude = NONE, bias = NONE } = pair;
    if ([a, b, magnitude, bias].every(areFinite) && Number.isFinite(scale)) continue;
    throw notNumbers(adapter.name, moduleName(pair));
  }
  for (const tensor of adapter.whole ?? []) {
    for await (const rows of tensor.groups()) if (hasNonFinite(rows)) throw notNumbers(adapter.name, tensor.name);
  }
  return { ...adapter, ...(await tokenizerBeside(adapter, files, config)) };
}

function notNumbers(name: string, where: string): PronkError {
  const message = `${name} has values in ${where} that are not numbers: its training went wrong. Take an earlier checkpoint.`;
  return new PronkError('nan-weights', message);
}

/** The tokenizer of an adapter with other tokens than its base. */
async function tokenizerBeside(
  { name, whole }: Adapter,
  files: readonly Source[],
  config: ModelConfig,
): Promise<Pick<Adapter, 'tokenizer'>> {
  const { vocabSize } = configWith(config, whole);
  if (vocabSize === config.vocabSize) return {};
  const beside = files
    .filter(({ name: path }) => /^(tokenizer|special_tokens|added_tokens|chat_template)/.test(baseName(path)))
    .toSorted((a, b) => folderOf(a).length - folderOf(b).length);
  try {
    return { tokenizer: await openTokenizer(beside, vocabSize) };
  } catch (cause) {
    if (!(cause instanceof PronkError) || cause.code !== 'missing-tokenizer') throw cause;
    const message = `${name} has ${vocabSize} tokens, and its model ${config.vocabSize}: which the others are, its tokenizer says. Add tokenizer.json, or tokenizer.model and added_tokens.json, from the adapter’s folder.`;
    throw new PronkError('missing-tokenizer', message, { cause });
  }
}

async function read(
  files: readonly Source[],
  config: ModelConfig,
  tensors: readonly WeightTensor[] | undefined,
): Promise<Adapter> {
  const { gguf, weights, json } = await choose(files);
  if (gguf && !(weights && json)) return readGgufAdapter(gguf, config);
  if (!weights) {
    if (!json) {
      const message =
        'None of these files is an adapter. Pronk reads PEFT’s folders, llama.cpp’s GGUF adapters and mlx-lm’s folders.';
      throw new PronkError('unsupported-format', message);
    }
    throw lacks(json.name, 'its weights (adapter_model.safetensors or adapter_model.bin)');
  }
  if (!json) throw lacks(weights.name, 'adapter_config.json');
  const name = nameOf(json.name);
  return isMlx(json) ? readMlx(json, weights, config, name) : readPeft(json, weights, config, name, tensors);
}

function lacks(name: string, what: string): PronkError {
  const message = `${baseName(name)} comes without ${what}, which describes it. Add both together.`;
  return new PronkError('missing-file', message);
}

/** The folder that the configuration lies in. */
function nameOf(path: string): string {
  return path.split(/[\\/]/).at(-2) ?? 'adapter';
}

interface Chosen {
  readonly gguf?: Source | undefined;
  readonly weights?: Source | undefined;
  readonly json?: JsonFile | undefined;
}

const folderOf = ({ name }: { readonly name: string }) => name.slice(0, name.length - baseName(name).length);

/** The adapter's own files: the uppermost configuration with what lies beside it, the usual names before others. */
async function choose(files: readonly Source[]): Promise<Chosen> {
  const sorted = files.toSorted((a, b) => folderOf(a).length - folderOf(b).length);
  const kinds = await Promise.all(sorted.map(kindOf));
  const of = (kind: Kind) => sorted.filter((_, i) => kinds[i] === kind);
  const configs = await Promise.all(
    of('json')
      .filter(({ size }) => size <= MAX_CONFIG)
      .map(readConfig),
  );
  const json = configs.find((each) => each !== undefined);
  const weights = [...of('safetensors'), ...of('torch')];
  const beside = json ? weights.filter((each) => folderOf(each) === folderOf(json)) : weights;
  const usual = beside.find(({ name }) => /^adapter(s|_model)\b/.test(baseName(name)));
  return { gguf: of('gguf')[0], weights: usual ?? beside[0], json };
}

type Kind = Container | 'json' | 'other';

async function kindOf(source: Source): Promise<Kind> {
  const { name, container } = await inspectFile(source);
  // what training leaves beside an adapter
  if (/^(training_args|optimizer|scheduler|scaler|rng_state)/.test(name)) return 'other';
  return container ?? (name.endsWith('.json') ? 'json' : 'other');
}

/** adapter_config.json, by its name or by what it says. @throws PronkError `corrupt-file` */
async function readConfig(source: Source): Promise<JsonFile | undefined> {
  const named = /^adapter_config\b/.test(baseName(source.name));
  const text = await readText(source);
  if (!named && !/"(peft_type|lora_parameters)"/.test(text)) return undefined;
  return { name: source.name, json: parseObject(text, baseName(source.name)) };
}
