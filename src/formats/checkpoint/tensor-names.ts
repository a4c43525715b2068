// Tensor names: Hugging Face's, which are the ones used everywhere else, GGUF's (gguf-py constants.py) and Meta's
// (llama/model.py), which InternLM2 has too.

import type { ModelConfig } from '../../core/model-config';

type Row = readonly [huggingFace: string, gguf: string, meta: string | undefined];
type Scheme = 'gguf' | 'meta';
/** Which norms a layer has; LLaMA's where nothing is said. */
type Norms = Pick<ModelConfig, 'postNorms'>;

const OUTER: readonly Row[] = [
  ['model.embed_tokens', 'token_embd', 'tok_embeddings'],
  ['model.norm', 'output_norm', 'norm'],
  ['lm_head', 'output', 'output'],
];

const INNER: readonly Row[] = [
  ['input_layernorm', 'attn_norm', 'attention_norm'],
  ['self_attn.q_proj', 'attn_q', 'attention.wq'],
  ['self_attn.k_proj', 'attn_k', 'attention.wk'],
  ['self_attn.v_proj', 'attn_v', 'attention.wv'],
  ['self_attn.q_norm', 'attn_q_norm', undefined],
  ['self_attn.k_norm', 'attn_k_norm', undefined],
  ['self_attn.o_proj', 'attn_output', 'attention.wo'],
  ['mlp.gate_proj', 'ffn_gate', 'feed_forward.w1'],
  ['mlp.up_proj', 'ffn_up', 'feed_forward.w3'],
  ['mlp.down_proj', 'ffn_down', 'feed_forward.w2'],
];

/** LLaMA's norm between attention and feed-forward. */
const BETWEEN: readonly Row[] = [['post_attention_layernorm', 'ffn_norm', 'ffn_norm']];

/** Norms behind attention, in front of the feed-forward and behind it. */
const POST_NORMS: readonly Row[] = [
  ['post_attention_layernorm', 'post_attention_norm', undefined],
  ['pre_feedforward_layernorm', 'ffn_norm', undefined],
  ['post_feedforward_layernorm', 'post_ffw_norm', undefined],
];

const inner = ({ postNorms }: Norms) => [...INNER, ...(postNorms ? POST_NORMS : BETWEEN)];

const COLUMN = { gguf: 1, meta: 2 } as const;
const LAYER = { gguf: 'blk', meta: 'layers' } as const;

/** Hugging Face's name of a GGUF tensor, or undefined when LLaMA has none of that name. */
export const fromGgufName = (name: string, norms: Norms = {}) => toHuggingFace(name, 'gguf', norms);

/** GGUF's name of a Hugging Face tensor, or undefined when LLaMA has none of that name. */
export const toGgufName = (name: string, norms: Norms = {}) => fromHuggingFace(name, 'gguf', norms);

/** Hugging Face's name of a tensor in Meta's checkpoints, or undefined when LLaMA has none of that name. */
export const fromMetaName = (name: string) => toHuggingFace(name, 'meta');

/** Meta's name of a Hugging Face tensor, or undefined when LLaMA has none of that name. */
export const toMetaName = (name: string) => fromHuggingFace(name, 'meta');

function toHuggingFace(name: string, scheme: Scheme, norms: Norms = {}): string | undefined {
  const [, prefix, layer, stem, suffix] = /^(?:(blk|layers)\.(\d+)\.)?(.+)(\.\w+)$/.exec(name) ?? [];
  if (prefix !== undefined && prefix !== LAYER[scheme]) return undefined;
  const [found] = (prefix === undefined ? OUTER : inner(norms)).find((row) => row[COLUMN[scheme]] === stem) ?? [];
  return found && `${prefix === undefined ? '' : `model.layers.${layer}.`}${found}${suffix}`;
}

function fromHuggingFace(name: string, scheme: Scheme, norms: Norms = {}): string | undefined {
  const [, layer, stem, suffix] = /^(?:model\.layers\.(\d+)\.)?(.+)(\.\w+)$/.exec(name) ?? [];
  const found = (layer === undefined ? OUTER : inner(norms)).find(([huggingFace]) => huggingFace === stem)?.[
    COLUMN[scheme]
  ];
  return found && `${layer === undefined ? '' : `${LAYER[scheme]}.${layer}.`}${found}${suffix}`;
}

/** Hugging Face's name without what wrappers put in front (`module.`), and with the `model.` that bare models lack. */
export function plainName(name: string): string {
  const bare = name.replace(/^(?:module\.|_orig_mod\.)+/, '');
  return /^(?:layers\.|embed_tokens\.|tok_embeddings\.|norm\.)/.test(bare) ? `model.${bare}` : bare;
}
