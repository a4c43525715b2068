// out[t, h] = Σ_j softmax_j(q[t, h] · k[j] / √d) · v[j] over the tokens j of t's sequence up to t, and the log of the softmax's
// denominator for the backward pass: one thread a query, with the online softmax (Milakov and Gimelshein 2018,
// arXiv:1805.02867), so that no score is stored and nobody waits. The queries of a workgroup, tokens side by side, go over keys
// together, so that a CPU's vector unit reads each key once for all of them.
//: needs attention-packed-bindings.wgsl, WORKGROUP_SIZE, HEAD_QUADS
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // [T][H · d]
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;   // [T][H]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let first = workgroup_id.x * WORKGROUP_SIZE;
  let until = min(first + WORKGROUP_SIZE, state.count);
  let head = workgroup_id.y;
  let token = first + local_index;
  if (token >= until) { return; }
  let row = token_quads();
  let q = token * row + head * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var query: array<vec4f, HEAD_QUADS>;
  var sum: array<vec4f, HEAD_QUADS>;
  query[$i] = qkv[q + $i] * scale; //: for i in HEAD_QUADS or params.quads

  let kv_head = head / (params.heads / params.kv_heads);
  let key_at = (params.heads + kv_head) * HEAD_QUADS;
  let to_value = params.kv_heads * HEAD_QUADS;
  let seen = first_visible(token, places[token].start);
  var largest = -3.4e38;
  var total = 0.0;
  for (var key = first_visible(first, places[first].start); key < until; key++) {
    let at = key * row + key_at;
    var score = 0.0;
    score += dot(query[$i], qkv[at + $i]); //: for i in HEAD_QUADS or params.quads
    let visible = key >= seen && key <= token;
    let top = select(largest, max(largest, score), visible);
    let shrink = exp(largest - top);
    let weight = select(0.0, exp(score - top), visible);
    largest = top;
    total = total * shrink + weight;
    sum[$i] = sum[$i] * shrink + weight * qkv[at + to_value + $i]; //: for i in HEAD_QUADS or params.quads
  }
  let n = token * params.heads + head;
  out[n * HEAD_QUADS + $i] = sum[$i] / total; //: for i in HEAD_QUADS or params.quads
  lse[n] = largest + log(total);
}
