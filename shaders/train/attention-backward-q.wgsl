// dq[t, h] = Σ_j P · (d_out[t, h] · v[j] − delta[t, h]) · k[j] / √d over the tokens j that t sees, with P = e^(q · k / √d − lse)
// computed again instead of stored (Dao et al. 2022, arXiv:2205.14135): one thread a query.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let token = global.x / params.heads;
  let head = global.x % params.heads;
  if (token >= state.count) { return; }
  let row = token_quads();
  let q = token * row + head * QUADS;
  let scale = inverseSqrt(f32(4u * QUADS));
  var query: array<vec4f, QUADS>;
  var slope: array<vec4f, QUADS>;
  var sum: array<vec4f, QUADS>;
  for (var i = 0u; i < params.quads; i++) {
    query[i] = qkv[q + i] * scale;
    slope[i] = d_out[global.x * QUADS + i];
  }

  let kv_head = head / (params.heads / params.kv_heads);
  let key_at = (params.heads + kv_head) * QUADS;
  let to_value = params.kv_heads * QUADS;
  let own_lse = lse[global.x];
  let own_delta = delta[global.x];
  for (var key = first_seen(token, places[token].start); key <= token; key++) {
    let at = key * row + key_at;
    var score = 0.0;
    var d_weight = 0.0;
    for (var i = 0u; i < params.quads; i++) {
      score += dot(query[i], qkv[at + i]);
      d_weight += dot(slope[i], qkv[at + to_value + i]);
    }
    let d_score = exp(score - own_lse) * (d_weight - own_delta);
    for (var i = 0u; i < params.quads; i++) { sum[i] += d_score * qkv[at + i]; }
  }
  for (var i = 0u; i < params.quads; i++) { d_qkv[q + i] = sum[i] * scale; }
}
