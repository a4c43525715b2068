// out[t, h] = Σ_j softmax_j(q[t, h] · k[j] / √d) · v[j] over the tokens j of t's sequence up to t, and the log of the softmax's
// denominator for the backward pass: one thread a query, with the online softmax (Milakov and Gimelshein 2018,
// arXiv:1805.02867), so that no score is stored and nobody waits.
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // [T][H · d]
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;   // [T][H]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let token = global.x / params.heads;
  let head = global.x % params.heads;
  if (token >= state.count) { return; }
  let row = token_quads();
  let q = token * row + head * QUADS;
  let scale = inverseSqrt(f32(4u * QUADS));
  var query: array<vec4f, QUADS>;
  var sum: array<vec4f, QUADS>;
  for (var i = 0u; i < params.quads; i++) { query[i] = qkv[q + i] * scale; }

  let kv_head = head / (params.heads / params.kv_heads);
  let key_at = (params.heads + kv_head) * QUADS;
  let to_value = params.kv_heads * QUADS;
  var largest = -3.4e38;
  var total = 0.0;
  for (var key = first_seen(token, places[token].start); key <= token; key++) {
    let at = key * row + key_at;
    var score = 0.0;
    for (var i = 0u; i < params.quads; i++) { score += dot(query[i], qkv[at + i]); }
    let top = max(largest, score);
    let shrink = exp(largest - top);
    let weight = exp(score - top);
    largest = top;
    total = total * shrink + weight;
    for (var i = 0u; i < params.quads; i++) { sum[i] = sum[i] * shrink + weight * qkv[at + to_value + i]; }
  }
  for (var i = 0u; i < params.quads; i++) { out[global.x * QUADS + i] = sum[i] / total; }
  lse[global.x] = largest + log(total);
}
