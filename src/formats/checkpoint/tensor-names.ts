// Tensor names: Hugging Face's, which are the ones used everywhere else, GGUF's (gguf-py constants.py) and Meta's
// (llama/model.py), which InternLM2 has too.

type Row = readonly [huggingFace: string, gguf: string, meta: string];
type Scheme = 'gguf' | 'meta';

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
  ['self_attn.o_proj', 'attn_output', 'attention.wo'],
  ['post_attention_layernorm', 'ffn_norm', 'ffn_norm'],
  ['mlp.gate_proj', 'ffn_gate', 'feed_forward.w1'],
  ['mlp.up_proj', 'ffn_up', 'feed_forward.w3'],
  ['mlp.down_proj', 'ffn_down', 'feed_forward.w2'],
];

const COLUMN = { gguf: 1, meta: 2 } as const;
const LAYER = { gguf: 'blk', meta: 'layers' } as const;

/** Hugging Face's name of a GGUF tensor, or undefined when LLaMA has none of that name. */
export const fromGgufName = (name: string) => toHuggingFace(name, 'gguf');

/** GGUF's name of a Hugging Face tensor, or undefined when LLaMA has none of that name. */
export const toGgufName = (name: string) => fromHuggingFace(name, 'gguf');

/** Hugging Face's name of a tensor in Meta's checkpoints, or undefined when LLaMA has none of that name. */
export const fromMetaName = (name: string) => toHuggingFace(name, 'meta');

/** Meta's name of a Hugging Face tensor, or undefined when LLaMA has none of that name. */
export const toMetaName = (name: string) => fromHuggingFace(name, 'meta');

function toHuggingFace(name: string, scheme: Scheme): string | undefined {
  const [, prefix, layer, stem, suffix] = /^(?:(blk|layers)\.(\d+)\.)?(.+)(\.\w+)$/.exec(name) ?? [];
  if (prefix !== undefined && prefix !== LAYER[scheme]) return undefined;
  const [found] = (prefix === undefined ? OUTER : INNER).find((row) => row[COLUMN[scheme]] === stem) ?? [];
  return found && `${prefix === undefined ? '' : `model.layers.${layer}.`}${found}${suffix}`;
}

function fromHuggingFace(name: string, scheme: Scheme): string | undefined {
  const [, layer, stem, suffix] = /^(?:model\.layers\.(\d+)\.)?(.+)(\.\w+)$/.exec(name) ?? [];
  const found = (layer === undefined ? OUTER : INNER).find(([huggingFace]) => huggingFace === stem)?.[COLUMN[scheme]];
  return found && `${layer === undefined ? '' : `${LAYER[scheme]}.${layer}.`}${found}${suffix}`;
}

/** Hugging Face's name without what wrappers put in front (`module.`), and with the `model.` that bare models lack. */
export function plainName(name: string): string {
  const bare = name.replace(/^(?:module\.|_orig_mod\.)+/, '');
  return /^(?:layers\.|embed_tokens\.|tok_embeddings\.|norm\.)/.test(bare) ? `model.${bare}` : bare;
}
