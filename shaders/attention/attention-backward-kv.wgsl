// dk[j] = Σ P · (d_out[t, h] · v[j] − delta[t, h]) · q[t, h] / √d and dv[j] = Σ P · d_out[t, h], over the tokens t that see j and the
// query heads h that share its key head, in this order: one thread a key, so that nothing is added up by two. The keys of a
// workgroup, tokens side by side, go over queries together, as in attention-packed.wgsl.
//: needs attention-packed-bindings.wgsl, attention-backward-bindings.wgsl, WORKGROUP_SIZE, HEAD_QUADS
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let first = workgroup_id.x * WORKGROUP_SIZE;
  let last = min(first + WORKGROUP_SIZE, state.count) - 1u;
  let kv_head = workgroup_id.y;
  let token = first + local_index;
  if (token > last) { return; }
  let row = token_quads();
  let at = token * row + (params.heads + kv_head) * HEAD_QUADS;
  let to_value = params.kv_heads * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var key: array<vec4f, HEAD_QUADS>;
  var value: array<vec4f, HEAD_QUADS>;
  var d_key: array<vec4f, HEAD_QUADS>;
  var d_value: array<vec4f, HEAD_QUADS>;
  //: for i in HEAD_QUADS or params.quads
  key[$i] = qkv[at + $i] * scale;
  value[$i] = qkv[at + to_value + $i];
  //: end

  let group = params.heads / params.kv_heads;
  let own_until = visible_end(token, places[token].end);
  let until = visible_end(last, places[last].end);
  for (var t = first; t < until; t++) {
    let visible = t >= token && t < own_until;
    for (var head = kv_head * group; head < (kv_head + 1u) * group; head++) {
      let n = t * params.heads + head;
      let q = t * row + head * HEAD_QUADS;
      var score = 0.0;
      var d_weight = 0.0;
      //: for i in HEAD_QUADS or params.quads
      score += dot(key[$i], qkv[q + $i]);
      d_weight += dot(value[$i], d_out[n * HEAD_QUADS + $i]);
      //: end
      let weight = select(0.0, exp(score - lse[n]), visible);
      let d_score = weight * (d_weight - delta[n]);
      //: for i in HEAD_QUADS or params.quads
      d_key[$i] += d_score * qkv[q + $i];
      d_value[$i] += weight * d_out[n * HEAD_QUADS + $i];
      //: end
    }
  }
  //: for i in HEAD_QUADS or params.quads
  d_qkv[at + $i] = d_key[$i] * scale;
  d_qkv[at + to_value + $i] = d_value[$i];
  //: end
}
