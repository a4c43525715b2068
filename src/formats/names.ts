// Tensor names: GGUF's (gguf-py constants.py) and Hugging Face's, which are the ones used everywhere else.

const OUTER: readonly (readonly [gguf: string, huggingFace: string])[] = [
  ['token_embd', 'model.embed_tokens'],
  ['output_norm', 'model.norm'],
  ['output', 'lm_head'],
];

const INNER: readonly (readonly [gguf: string, huggingFace: string])[] = [
  ['attn_norm', 'input_layernorm'],
  ['attn_q', 'self_attn.q_proj'],
  ['attn_k', 'self_attn.k_proj'],
  ['attn_v', 'self_attn.v_proj'],
  ['attn_output', 'self_attn.o_proj'],
  ['ffn_norm', 'post_attention_layernorm'],
  ['ffn_gate', 'mlp.gate_proj'],
  ['ffn_up', 'mlp.up_proj'],
  ['ffn_down', 'mlp.down_proj'],
];

/** Hugging Face's name of a GGUF tensor, or undefined when LLaMA has none of that name. */
export function fromGgufName(name: string): string | undefined {
  const [, layer, stem, suffix] = /^(?:blk\.(\d+)\.)?(\w+)(\.\w+)$/.exec(name) ?? [];
  const [, found] = (layer === undefined ? OUTER : INNER).find(([gguf]) => gguf === stem) ?? [];
  return found && `${layer === undefined ? '' : `model.layers.${layer}.`}${found}${suffix}`;
}

/** GGUF's name of a Hugging Face tensor, or undefined when LLaMA has none of that name. */
export function toGgufName(name: string): string | undefined {
  const [, layer, stem, suffix] = /^(?:model\.layers\.(\d+)\.)?(.+)(\.\w+)$/.exec(name) ?? [];
  const [found] = (layer === undefined ? OUTER : INNER).find(([, huggingFace]) => huggingFace === stem) ?? [];
  return found && `${layer === undefined ? '' : `blk.${layer}.`}${found}${suffix}`;
}
