// out[t, h] = Σ_j softmax_j(q[t, h] · k[j] / √d) · v[j] over the keys j up to t's own position, as far back as the window reaches: one thread a query, with
// the online softmax (Milakov and Gimelshein 2018, arXiv:1805.02867), so that no score is stored and nobody waits.
//: needs flash-bindings.wgsl, Activation, WORKGROUP_SIZE, HEAD_QUADS
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let token = global_id.x / params.heads;
  let head = global_id.x % params.heads;
  if (token >= state.count) { return; }
  let q = (token * (params.heads + 2u * params.kv_heads) + head) * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var query: array<vec4f, HEAD_QUADS>;
  var sum: array<vec4f, HEAD_QUADS>;
  for (var i = 0u; i < params.quads; i++) { query[i] = vec4f(qkv[q + i]) * scale; }

  let base = head / (params.heads / params.kv_heads) * params.context;
  let seen = state.position + token + 1u;
  var at = (base + first_visible(seen)) * HEAD_QUADS;
  let end = (base + seen) * HEAD_QUADS;
  var largest = -3.4e38;
  var total = 0.0;
  for (; at < end; at += HEAD_QUADS) {
    var score = 0.0;
    for (var i = 0u; i < params.quads; i++) { score += dot(query[i], vec4f(keys[at + i])); }
    let top = max(largest, score);
    let shrink = exp(largest - top);
    let weight = exp(score - top);
    largest = top;
    total = total * shrink + weight;
    for (var i = 0u; i < params.quads; i++) { sum[i] = sum[i] * shrink + weight * vec4f(values[at + i]); }
  }
  for (var i = 0u; i < params.quads; i++) { out[global_id.x * HEAD_QUADS + i] = vec4<Activation>(sum[i] / total); }
}
