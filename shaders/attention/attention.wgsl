// Attention over the KV cache for software adapters: one thread a query, with the online softmax (Milakov and
// Gimelshein 2018, arXiv:1805.02867), so no score is stored and no thread waits for another.
//   out[t, h] = Σ_j softmax_j(q[t, h] · k[j] / √d) · v[j] over the keys j up to t's position, as far back as the window
//: needs attention-bindings.wgsl, key_quad, value_quad, Activation, WORKGROUP_SIZE, HEAD_QUADS
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let token = global_id.x / params.heads;
  let head = global_id.x % params.heads;
  if (token >= state.count) { return; }
  let query_base = (token * (params.heads + 2u * params.kv_heads) + head) * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var query: array<vec4f, HEAD_QUADS>;
  var sum: array<vec4f, HEAD_QUADS>;
  for (var i = 0u; i < params.quads; i++) { query[i] = vec4f(qkv[query_base + i]) * scale; }

  let base = head / (params.heads / params.kv_heads) * params.context;
  let end_position = state.position + token + 1u;
  var key_base = (base + first_visible(end_position)) * HEAD_QUADS;
  let end = (base + end_position) * HEAD_QUADS;
  var running_max = -3.4e38;
  var denominator = 0.0;
  for (; key_base < end; key_base += HEAD_QUADS) {
    var score = 0.0;
    for (var i = 0u; i < params.quads; i++) { score += dot(query[i], key_quad(key_base + i)); }
    let new_max = max(running_max, score);
    let rescale = exp(running_max - new_max);
    let weight = exp(score - new_max);
    running_max = new_max;
    denominator = denominator * rescale + weight;
    for (var i = 0u; i < params.quads; i++) { sum[i] = sum[i] * rescale + weight * value_quad(key_base + i); }
  }
  for (var i = 0u; i < params.quads; i++) {
    out[global_id.x * HEAD_QUADS + i] = vec4<Activation>(sum[i] / denominator);
  }
}
