// dk[j] = Σ P · (d_out[t, h] · v[j] − delta[t, h]) · q[t, h] / √d and dv[j] = Σ P · d_out[t, h], over the tokens t that see j and the
// query heads h that share its key head, in this order: one thread a key, so that nothing is added up by two.
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let token = global.x / params.kv_heads;
  let kv_head = global.x % params.kv_heads;
  if (token >= state.count) { return; }
  let row = token_quads();
  let at = token * row + (params.heads + kv_head) * QUADS;
  let to_value = params.kv_heads * QUADS;
  let scale = inverseSqrt(f32(4u * QUADS));
  var key: array<vec4f, QUADS>;
  var value: array<vec4f, QUADS>;
  var d_key: array<vec4f, QUADS>;
  var d_value: array<vec4f, QUADS>;
  for (var i = 0u; i < params.quads; i++) {
    key[i] = qkv[at + i] * scale;
    value[i] = qkv[at + to_value + i];
  }

  let group = params.heads / params.kv_heads;
  let until = seen_until(token, places[token].end);
  for (var t = token; t < until; t++) {
    for (var head = kv_head * group; head < (kv_head + 1u) * group; head++) {
      let n = t * params.heads + head;
      let q = t * row + head * QUADS;
      var score = 0.0;
      var d_weight = 0.0;
      for (var i = 0u; i < params.quads; i++) {
        score += dot(key[i], qkv[q + i]);
        d_weight += dot(value[i], d_out[n * QUADS + i]);
      }
      let weight = exp(score - lse[n]);
      let d_score = weight * (d_weight - delta[n]);
      for (var i = 0u; i < params.quads; i++) {
        d_key[i] += d_score * qkv[q + i];
        d_value[i] += weight * d_out[n * QUADS + i];
      }
    }
  }
  for (var i = 0u; i < params.quads; i++) {
    d_qkv[at + i] = d_key[i] * scale;
    d_qkv[at + to_value + i] = d_value[i];
  }
}
