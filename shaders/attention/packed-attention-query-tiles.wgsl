// Tiles of attention in training whose rows are queries and whose columns are keys, forward and backward.
//: needs packed-attention-bindings.wgsl, HEAD_QUADS

/// The index t · H + h of a key head's n-th query; the heads of one token follow each other.
fn query_index(kv_head: u32, n: u32) -> u32 {
  let heads_per_kv = params.heads / params.kv_heads;
  return n / heads_per_kv * params.heads + kv_head * heads_per_kv + n % heads_per_kv;
}
/// The first quad of that n-th query in qkv.
fn query_base(kv_head: u32, n: u32) -> u32 {
  let token = n / (params.heads / params.kv_heads);
  return (query_index(kv_head, n) + token * 2u * params.kv_heads) * HEAD_QUADS;
}
