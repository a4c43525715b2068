// The gradient of q, for software adapters: one thread a query, as in packed-attention.wgsl.
//   dq[t, h] = Σ_j P · (d_out[t, h] · v[j] − delta[t, h]) · k[j] / √d over the tokens j that t sees
//   delta[t, h] = d_out[t, h] · out[t, h], which is kept for the gradients of k and v
// The softmax's weights P = e^(q · k / √d − lse) are computed again instead of stored (Dao et al. 2022,
// arXiv:2205.14135).
//: needs packed-attention-bindings.wgsl, packed-attention-backward-bindings.wgsl, WORKGROUP_SIZE, HEAD_QUADS
@group(0) @binding(5) var<storage, read> out: array<vec4f>;           // [T][H · d]
@group(0) @binding(6) var<storage, read_write> softmax: array<vec2f>; // [T][H] of the denominator's log and delta

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let first = workgroup_id.x * WORKGROUP_SIZE;
  let end_token = min(first + WORKGROUP_SIZE, state.count);
  let head = workgroup_id.y;
  let token = first + local_index;
  if (token >= end_token) { return; }
  let stride = token_quads();
  let query_base = token * stride + head * HEAD_QUADS;
  let row = token * params.heads + head;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var query: array<vec4f, HEAD_QUADS>;
  var d_out_row: array<vec4f, HEAD_QUADS>;
  var sum: array<vec4f, HEAD_QUADS>;
  var row_delta = 0.0;
  //: for i in HEAD_QUADS or params.quads
  query[$i] = qkv[query_base + $i] * scale;
  d_out_row[$i] = d_out[row * HEAD_QUADS + $i];
  row_delta += dot(d_out_row[$i], out[row * HEAD_QUADS + $i]);
  //: end

  let kv_head = head / (params.heads / params.kv_heads);
  let key_offset = (params.heads + kv_head) * HEAD_QUADS;
  let value_offset = params.kv_heads * HEAD_QUADS;
  let first_key = first_visible(token, places[token].start);
  let row_lse = softmax[row].x;
  // two keys at a time, since an array that stands in memory is read once for both
  for (var base = first_visible(first, places[first].start); base < end_token; base += 2u) {
    //: for k in PAIR
    let key_$k = base + $ku;
    let key_base_$k = min(key_$k, end_token - 1u) * stride + key_offset;
    var score_$k = 0.0;
    var d_weight_$k = 0.0;
    //: end
    //: for i in HEAD_QUADS or params.quads
    score_$k += dot(query[$i], qkv[key_base_$k + $i]); //: for k in PAIR
    d_weight_$k += dot(d_out_row[$i], qkv[key_base_$k + value_offset + $i]); //: for k in PAIR
    //: end
    //: for k in PAIR
    let visible_$k = key_$k >= first_key && key_$k <= token;
    let d_score_$k = select(0.0, exp(score_$k - row_lse) * (d_weight_$k - row_delta), visible_$k);
    //: end
    //: for i in HEAD_QUADS or params.quads
    sum[$i] += d_score_$k * qkv[key_base_$k + $i]; //: for k in PAIR
    //: end
  }
  softmax[row].y = row_delta;
  let position = places[token].position;
  d_qkv[query_base + $i] = turned_back(position, $i, sum[$i] * scale); //: for i in HEAD_QUADS or params.quads
}
