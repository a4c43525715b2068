// out[t, h] = Σ_j softmax_j(q[t, h] · k[j] / √d) · v[j] over the tokens j of t's sequence up to t, and the log of the softmax's
// denominator for the backward pass: one thread a query, with the online softmax (Milakov and Gimelshein 2018,
// arXiv:1805.02867), so that no score is stored and nobody waits. The queries of a workgroup, tokens side by side, go over keys
// together, so that a CPU's vector unit reads each key once for all of them.
//: needs attention-packed-bindings.wgsl, WORKGROUP, QUADS
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // [T][H · d]
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;   // [T][H]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let first = workgroup.x * WORKGROUP;
  let until = min(first + WORKGROUP, state.count);
  let head = workgroup.y;
  let token = first + local;
  if (token >= until) { return; }
  let row = token_quads();
  let q = token * row + head * QUADS;
  let scale = inverseSqrt(f32(4u * QUADS));
  var query: array<vec4f, QUADS>;
  var sum: array<vec4f, QUADS>;
  //: for i in QUADS or params.quads
  query[$i] = qkv[q + $i] * scale;
  //: end

  let kv_head = head / (params.heads / params.kv_heads);
  let key_at = (params.heads + kv_head) * QUADS;
  let to_value = params.kv_heads * QUADS;
  let seen = first_seen(token, places[token].start);
  var largest = -3.4e38;
  var total = 0.0;
  for (var key = first_seen(first, places[first].start); key < until; key++) {
    let at = key * row + key_at;
    var score = 0.0;
    //: for i in QUADS or params.quads
    score += dot(query[$i], qkv[at + $i]);
    //: end
    let visible = key >= seen && key <= token;
    let top = select(largest, max(largest, score), visible);
    let shrink = exp(largest - top);
    let weight = select(0.0, exp(score - top), visible);
    largest = top;
    total = total * shrink + weight;
    //: for i in QUADS or params.quads
    sum[$i] = sum[$i] * shrink + weight * qkv[at + to_value + $i];
    //: end
  }
  let n = token * params.heads + head;
  //: for i in QUADS or params.quads
  out[n * QUADS + $i] = sum[$i] / total;
  //: end
  lse[n] = largest + log(total);
}
