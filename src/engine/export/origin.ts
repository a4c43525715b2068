// The record of what an exported model or adapter was made of, beside it: for programs (pronk.json) and for people (README.md). An adapter
// fits the base that it was trained on; months later nobody remembers which that was, or how it was quantized.
import type { ModelConfig } from '../../core/model-config';
import type { Adapter } from '../../core/adapter';
import type { TokenizerSpec } from '../../core/checkpoint';
import type { WeightTensor } from '../../core/weight-kinds';
import { createTokenizer } from '../../tokenizer/index';
import type { PromptTemplate } from '../../tokenizer/prompt-templates';
import { type FileContent, jsonFile, textFile } from './file';

/** An adapter's base as far as it is known; the model itself may be gone. */
export interface AdapterBase {
  readonly name: string;
  readonly licence?: string | undefined;
  /** File names, an address, or `bundled`. */
  readonly source: string;
  readonly config: ModelConfig;
  readonly tokenizer?: TokenizerSpec;
  readonly tensors?: readonly WeightTensor[];
  /** The files with their digests, where they are at hand. */
  readonly files?: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** XXH3-128 of what is stored, where the files are not. */
  readonly stored?: string;
}

/** A model as its files or the store have it. */
export interface Base extends AdapterBase {
  readonly tokenizer: TokenizerSpec;
  readonly tensors: readonly WeightTensor[];
}

/** An adapter as the record describes it. */
export interface AdapterOrigin {
  readonly adapter: Adapter;
  readonly strength: number;
  /** The form in which its instructions were put, where it is known. */
  readonly template?: PromptTemplate | undefined;
}

export interface MadeAs {
  /** The programs that read it, by a model card's name for them. */
  readonly library: 'peft' | 'transformers' | 'gguf' | 'mlx';
  /** e.g. `LoRA adapter` */
  readonly what: string;
  /** e.g. `f16 safetensors` */
  readonly format: string;
  /** Lines on how to use it. */
  readonly use: string;
}

/** README.md and pronk.json. */
export function originFiles(base: AdapterBase, adapters: readonly AdapterOrigin[], made: MadeAs): FileContent[] {
  const { name, licence, source, config, files, stored } = base;
  const template = base.tokenizer && templateOf(base.tokenizer);
  const json = {
    made_with: 'Pronk',
    what: made.what,
    format: made.format,
    base: {
      name,
      ...(licence !== undefined && { licence }),
      source,
      architecture: config.architecture,
      ...(base.tensors && { quantization: quantization(base.tensors) }),
      ...(files && { files }),
      ...(stored !== undefined && { stored_xxh3_128: stored }),
    },
    adapters: adapters.map(({ adapter, strength, template: form }) => ({
      name: adapter.name,
      strength,
      ...adapter.config,
      ...(form && { prompt_template: form }),
    })),
    ...template,
  };
  return [textFile('README.md', readme(base, adapters, made, template?.stop_tokens)), jsonFile('pronk.json', json)];
}

/** Shares of the matrices' weights by kind, e.g. `{"q4": 0.9, "f16": 0.1}`. */
function quantization(tensors: readonly WeightTensor[]): Record<string, number> {
  const weights = new Map<string, number>();
  let all = 0;
  for (const { kind, rows, columns } of tensors) {
    if (rows === 1) continue;
    weights.set(kind, (weights.get(kind) ?? 0) + rows * columns);
    all += rows * columns;
  }
  return Object.fromEntries(Array.from(weights, ([kind, count]) => [kind, Number((count / all).toPrecision(4))]));
}

function templateOf(spec: TokenizerSpec) {
  const tokenizer = createTokenizer(spec);
  return {
    chat_template: spec.chatTemplate ?? null,
    stop_tokens: spec.eosIds.map((id) => tokenizer.spelling(id) ?? null),
    stop_token_ids: spec.eosIds,
    bos_token_id: spec.bosId ?? null,
    add_bos_token: spec.addBos,
  };
}

const QUANTIZED = /^q/;

function readme(
  { name, licence, source, tensors = [], files, stored }: AdapterBase,
  adapters: readonly AdapterOrigin[],
  { library, what, format, use }: MadeAs,
  stops: readonly (string | null)[] | undefined,
): string {
  const kinds = quantization(tensors);
  const [most = 'f32'] = Object.entries(kinds).toSorted(([, a], [, b]) => b - a)[0] ?? [];
  const lists = adapters.map(({ adapter, strength }) => {
    const { r, lora_alpha: alpha, target_modules: targets, use_rslora: stabilized } = adapter.config;
    const scale = stabilized ? 'alpha / √r' : 'alpha / r';
    return `- **${adapter.name}**, strength ${strength}: r ${r}, alpha ${alpha} (scale ${scale}), ${targets.join(', ')}`;
  });
  const shares = Object.entries(kinds)
    .map(([kind, share]) => `${kind} ${Math.round(share * 100)} %`)
    .join(', ');
  const forms = new Set(adapters.flatMap(({ template }) => template?.name ?? []));
  const digests = files?.map((file) => `- \`${file.name}\`, ${file.bytes} bytes, SHA-256 \`${file.sha256}\``) ?? [];
  const warning = QUANTIZED.test(most)
    ? [
        `The base was held in ${most}, so the adapter learned to go with the rounded weights. With the unrounded base it ` +
          'usually does as well or better, but that is another model than the one that was tried out: try it again.',
        '',
      ]
    : [];
  return [
    '---',
    `library_name: ${library}`,
    ...(licence === undefined ? [] : [`license: ${licence}`]),
    `base_model: ${JSON.stringify(name)}`,
    '---',
    '',
    `# ${adapters.map(({ adapter }) => adapter.name).join(' + ')}`,
    '',
    `A ${what} (${format}), made with Pronk.`,
    '',
    ...lists,
    '',
    '## Base',
    '',
    `${name}, from ${source}${tensors.length ? `; weights ${shares}` : ''}.`,
    '',
    ...digests,
    ...(stored === undefined ? [] : [`Stored contents: XXH3-128 \`${stored}\`.`]),
    ...(digests.length || stored !== undefined ? [''] : []),
    ...warning,
    '## Use',
    '',
    use,
    '',
    ...(stops
      ? [`Generation stops at ${stops.map((each) => `\`${each ?? '(unnamed)'}\``).join(', ') || 'nothing'}.`]
      : []),
    ...[...forms].map((form) => `Its instructions were put in the template \`${form}\`, which \`pronk.json\` has.`),
    'The prompt that it was trained with must be the one that it is used with; `pronk.json` has the chat template, if the ' +
      'base brings one.',
    '',
  ].join('\n');
}
