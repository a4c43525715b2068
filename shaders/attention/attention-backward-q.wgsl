// dq[t, h] = Σ_j P · (d_out[t, h] · v[j] − delta[t, h]) · k[j] / √d over the tokens j that t sees, with P = e^(q · k / √d − lse)
// computed again instead of stored (Dao et al. 2022, arXiv:2205.14135): one thread a query, as in attention-packed.wgsl.
//: needs attention-packed-bindings.wgsl, attention-backward-bindings.wgsl, WORKGROUP_SIZE, HEAD_QUADS
@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let first = workgroup_id.x * WORKGROUP_SIZE;
  let until = min(first + WORKGROUP_SIZE, state.count);
  let head = workgroup_id.y;
  let token = first + local_index;
  if (token >= until) { return; }
  let row = token_quads();
  let q = token * row + head * HEAD_QUADS;
  let n = token * params.heads + head;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var query: array<vec4f, HEAD_QUADS>;
  var slope: array<vec4f, HEAD_QUADS>;
  var sum: array<vec4f, HEAD_QUADS>;
  //: for i in HEAD_QUADS or params.quads
  query[$i] = qkv[q + $i] * scale;
  slope[$i] = d_out[n * HEAD_QUADS + $i];
  //: end

  let kv_head = head / (params.heads / params.kv_heads);
  let key_at = (params.heads + kv_head) * HEAD_QUADS;
  let to_value = params.kv_heads * HEAD_QUADS;
  let seen = first_visible(token, places[token].start);
  let own_lse = lse[n];
  let own_delta = delta[n];
  for (var key = first_visible(first, places[first].start); key < until; key++) {
    let at = key * row + key_at;
    var score = 0.0;
    var d_weight = 0.0;
    //: for i in HEAD_QUADS or params.quads
    score += dot(query[$i], qkv[at + $i]);
    d_weight += dot(slope[$i], qkv[at + to_value + $i]);
    //: end
    let visible = key >= seen && key <= token;
    let d_score = select(0.0, exp(score - own_lse) * (d_weight - own_delta), visible);
    sum[$i] += d_score * qkv[at + $i]; //: for i in HEAD_QUADS or params.quads
  }
  d_qkv[q + $i] = sum[$i] * scale; //: for i in HEAD_QUADS or params.quads
}
