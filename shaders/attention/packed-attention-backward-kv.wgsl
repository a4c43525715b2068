// The gradients of k and v, for software adapters: one thread a key, so that no sum is shared.
//   dk[j] = Σ P · (d_out[t, h] · v[j] − delta[t, h]) · q[t, h] / √d
//   dv[j] = Σ P · d_out[t, h]
// The sums run over the tokens t that see j, and for each over the query heads h that share the key's head. The keys of
// a workgroup go over the queries together, as queries go over keys in packed-attention.wgsl.
//: needs packed-attention-bindings.wgsl, packed-attention-backward-bindings.wgsl, WORKGROUP_SIZE, HEAD_QUADS
@group(0) @binding(6) var<storage, read> softmax: array<vec2f>; // [T][H] of the denominator's log and delta

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let first = workgroup_id.x * WORKGROUP_SIZE;
  let last = min(first + WORKGROUP_SIZE, state.count) - 1u;
  let kv_head = workgroup_id.y;
  let token = first + local_index;
  if (token > last) { return; }
  let stride = token_quads();
  let key_base = token * stride + (params.heads + kv_head) * HEAD_QUADS;
  let value_offset = params.kv_heads * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var key: array<vec4f, HEAD_QUADS>;
  var value: array<vec4f, HEAD_QUADS>;
  var d_key: array<vec4f, HEAD_QUADS>;
  var d_value: array<vec4f, HEAD_QUADS>;
  //: for i in HEAD_QUADS or params.quads
  key[$i] = qkv[key_base + $i] * scale;
  value[$i] = qkv[key_base + value_offset + $i];
  //: end

  let heads_per_kv = params.heads / params.kv_heads;
  let query_end = visible_end(token, places[token].end);
  let end_token = visible_end(last, places[last].end);
  for (var t = first; t < end_token; t++) {
    let visible = t >= token && t < query_end;
    for (var head = kv_head * heads_per_kv; head < (kv_head + 1u) * heads_per_kv; head++) {
      let row = t * params.heads + head;
      let query_base = t * stride + head * HEAD_QUADS;
      var score = 0.0;
      var d_weight = 0.0;
      //: for i in HEAD_QUADS or params.quads
      score += dot(key[$i], qkv[query_base + $i]);
      d_weight += dot(value[$i], d_out[row * HEAD_QUADS + $i]);
      //: end
      let weight = select(0.0, exp(score - softmax[row].x), visible);
      let d_score = weight * (d_weight - softmax[row].y);
      //: for i in HEAD_QUADS or params.quads
      d_key[$i] += d_score * qkv[query_base + $i];
      d_value[$i] += weight * d_out[row * HEAD_QUADS + $i];
      //: end
    }
  }
  let position = places[token].position;
  //: for i in HEAD_QUADS or params.quads
  d_qkv[key_base + $i] = turned_back(position, $i, d_key[$i] * scale);
  d_qkv[key_base + value_offset + $i] = d_value[$i];
  //: end
}
