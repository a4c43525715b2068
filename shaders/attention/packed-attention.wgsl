// Attention in training for software adapters: one thread a query, with the online softmax (Milakov and Gimelshein
// 2018, arXiv:1805.02867), so no score is stored and no thread waits for another.
//   out[t, h] = Σ_j softmax_j(q[t, h] · k[j] / √d) · v[j] over the tokens j of t's sequence up to t
// The log of the softmax's denominator is kept for the backward pass. The queries of a workgroup are of neighbouring
// tokens and go over the keys together, so a CPU's vector unit reads each key once for all of them.
//: needs packed-attention-bindings.wgsl, WORKGROUP_SIZE, HEAD_QUADS
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;     // [T][H · d]
@group(0) @binding(5) var<storage, read_write> softmax: array<vec2f>; // [T][H], log of the denominator first

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let first = workgroup_id.x * WORKGROUP_SIZE;
  let end_token = min(first + WORKGROUP_SIZE, state.count);
  let head = workgroup_id.y;
  let token = first + local_index;
  if (token >= end_token) { return; }
  let stride = token_quads();
  let query_base = token * stride + head * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  var query: array<vec4f, HEAD_QUADS>;
  var sum: array<vec4f, HEAD_QUADS>;
  query[$i] = qkv[query_base + $i] * scale; //: for i in HEAD_QUADS or params.quads

  let kv_head = head / (params.heads / params.kv_heads);
  let key_offset = (params.heads + kv_head) * HEAD_QUADS;
  let value_offset = params.kv_heads * HEAD_QUADS;
  let first_key = first_visible(token, places[token].start);
  var running_max = -3.4e38;
  var denominator = 0.0;
  for (var key = first_visible(first, places[first].start); key < end_token; key++) {
    let key_base = key * stride + key_offset;
    var score = 0.0;
    score += dot(query[$i], qkv[key_base + $i]); //: for i in HEAD_QUADS or params.quads
    let visible = key >= first_key && key <= token;
    if (visible && score > running_max) {
      // seldom taken after the first keys
      let rescale = exp(running_max - score);
      running_max = score;
      denominator *= rescale;
      sum[$i] *= rescale; //: for i in HEAD_QUADS or params.quads
    }
    let weight = select(0.0, exp(score - running_max), visible);
    denominator += weight;
    sum[$i] += weight * qkv[key_base + value_offset + $i]; //: for i in HEAD_QUADS or params.quads
  }
  let row = token * params.heads + head;
  out[row * HEAD_QUADS + $i] = sum[$i] / denominator; //: for i in HEAD_QUADS or params.quads
  softmax[row].x = running_max + log(denominator);
}
