import { unsupported } from '../../core/errors';
import { type JsonObject, numberIn, stringIn } from '../../core/json';
import { type Family, OUT, QKV } from './family';

/** Names of a layer's modules, and LLaMA's for the same place. */
const NAMES = [
  ['self_attn.out_proj', 'self_attn.o_proj'],
  ['self_attn_layer_norm', 'input_layernorm'],
  ['final_layer_norm', 'post_attention_layernorm'],
  ['fc1', 'mlp.up_proj'],
  ['fc2', 'mlp.down_proj'],
] as const;

/** torch's LayerNorm has it where nothing else is said, and no configuration says anything. */
const EPSILON = 1e-5;

/** A layer's part of a name that begins with a module of this spelling, in the other one. */
function respelled(name: string, layers: RegExp, from: 0 | 1): string | undefined {
  const [, prefix, rest] = layers.exec(name) ?? [];
  if (prefix === undefined || rest === undefined) return undefined;
  const found = NAMES.find((names) => rest === names[from] || rest.startsWith(`${names[from]}.`));
  return found ? found[1 - from] + rest.slice(found[from].length) : rest;
}

/** @throws PronkError `unsupported-architecture` for what OPT-350m alone has, or no published model */
function checkPublished(json: JsonObject, name: string): void {
  const activation = stringIn(json, 'activation_function') ?? 'relu';
  if (activation !== 'relu') throw unsupported(name, `asks for the activation ${activation}`);
  const hidden = numberIn(json, 'hidden_size');
  if (json['do_layer_norm_before'] === false || (numberIn(json, 'word_embed_proj_dim') ?? hidden) !== hidden) {
    throw unsupported(name, 'normalizes behind its layers, as OPT-350m alone does');
  }
  if (json['_remove_final_layer_norm'] === true || json['layer_norm_elementwise_affine'] === false) {
    throw unsupported(name, 'lacks norms, or their gains, that published OPT models have');
  }
}

/** Layers of GPT-3's kind (Zhang et al. 2022, arXiv:2205.01068). */
export const opt: Family = {
  architecture: 'opt',
  name: 'OPT',
  title: 'OPT (all but 350m)',
  modelType: 'opt',
  className: 'OPTForCausalLM',
  inTransformers: true,
  plain: (json, name) => {
    checkPublished(json, name);
    return { ...json, intermediate_size: json['ffn_dim'], rms_norm_eps: EPSILON };
  },
  more: () => ({ layerNorm: true, learnedPositions: true, feedForward: 'relu' }),
  biased: (json) => (json?.['enable_bias'] === false ? [] : [...QKV, ...OUT, 'mlp.up_proj', 'mlp.down_proj']),
  toJson: ({ hiddenSize, intermediateSize }) => ({
    activation_function: 'relu',
    do_layer_norm_before: true,
    ffn_dim: intermediateSize,
    word_embed_proj_dim: hiddenSize,
  }),
  notInGguf: () => 'llama.cpp does not run OPT, and GGUF has no architecture for it.',
  rename(name) {
    const inLayer = respelled(name, /^(?:model\.)?decoder\.(layers\.\d+)\.(.+)$/, 0);
    const outer = name.replace(/^(?:model\.)?decoder\./, 'model.');
    if (inLayer === undefined) return outer.replace(/^model\.final_layer_norm\./, 'model.norm.');
    return `${/^model\.layers\.\d+\./.exec(outer)?.[0] ?? ''}${inLayer}`;
  },
  ownName(name) {
    const inLayer = respelled(name, /^(model\.layers\.\d+)\.(.+)$/, 1);
    const outer = name.replace(/^model\.(?=layers|embed|norm)/, 'model.decoder.');
    if (inLayer === undefined) return outer.replace(/^model\.decoder\.norm\./, 'model.decoder.final_layer_norm.');
    return `${/^model\.decoder\.layers\.\d+\./.exec(outer)?.[0] ?? ''}${inLayer}`;
  },
};
