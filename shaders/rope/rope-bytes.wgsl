// Writes heads into a cache of 8-bit codes, as attention/cache-bytes.wgsl reads them. A thread takes two blocks of 32
// elements of q, k or v, since their scales share a word; codes are quotients by the scale as it is stored, rounded to
// nearest, ties to even. With NORMED, each thread computes its head's norm by itself.
//: needs rope.wgsl, WORKGROUP_SIZE
//: if NORMED
@group(0) @binding(6) var<storage, read> gains: array<vec2f>; // [2][head_dim / 2]: of q, of k
//: end
const BLOCK_PAIRS = 16u;

/// The factor 1/rms of a head of q or k with NORMED; else 1, as for v.
fn head_scale(token: u32, head: u32) -> f32 {
  //: if NORMED
  if (head >= params.heads + params.kv_heads) { return 1.0; }
  var squares = 0.0;
  for (var i = 0u; i < params.head_dim / 2u; i++) {
    let pair = pair_at(token, head, i);
    squares += dot(pair, pair);
  }
  return 1.0 / sqrt(squares / f32(params.head_dim) + params.epsilon);
  //: else
  return 1.0;
  //: end
}

/// A pair as the cache stores it: normalized and rotated, unless it belongs to v.
fn stored_pair(token: u32, head: u32, i: u32, scale: f32) -> vec2f {
  var pair = pair_at(token, head, i);
  if (head >= params.heads + params.kv_heads) { return pair; }
  //: if NORMED
  pair *= scale * gains[select(params.head_dim / 2u, 0u, head < params.heads) + i];
  //: end
  return rotated(pair, state.position + token, i);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let half = params.head_dim / 2u;
  let chunks = (half + 2u * BLOCK_PAIRS - 1u) / (2u * BLOCK_PAIRS);
  let heads = all_heads();
  let token = global_id.x / (heads * chunks);
  if (token >= state.count) { return; }
  let head = global_id.x / chunks % heads;
  let first = global_id.x % chunks * 2u * BLOCK_PAIRS;
  let scale = head_scale(token, head);
  if (head < params.heads) {
    for (var i = first; i < min(first + 2u * BLOCK_PAIRS, half); i++) {
      place_query(token, head, i, stored_pair(token, head, i, scale));
    }
    return;
  }
  let quads = params.head_dim / 4u;
  let row_words = quads + (quads + 15u) / 16u;
  let position = state.position + token;
  let row = ((head - params.heads) % params.kv_heads * params.context + position) * row_words;
  let is_key = head < params.heads + params.kv_heads;
  var scales = 0u;
  for (var b = 0u; b < 2u; b++) {
    let start = first + b * BLOCK_PAIRS;
    let end = min(start + BLOCK_PAIRS, half);
    // compared as bits, infinities and NaN are the largest: they stay in the scale
    var largest = vec2u(0u);
    for (var i = start; i < end; i++) {
      largest = max(largest, bitcast<vec2u>(stored_pair(token, head, i, scale)) & vec2u(0x7fffffffu));
    }
    let packed = pack2x16float(vec2f(bitcast<f32>(max(largest.x, largest.y)) * (1.0 / 127.0), 0.0)) & 0xffffu;
    scales |= packed << (16u * b);
    let inverse = select(1.0 / unpack2x16float(packed).x, 0.0, packed == 0u);
    for (var i = start; i < end; i += 2u) {
      let low = stored_pair(token, head, i, scale) * inverse;
      let high = stored_pair(token, head, i + 1u, scale) * inverse;
      let codes = pack4xI8(vec4i(clamp(round(vec4f(low, high)), vec4f(-127.0), vec4f(127.0))));
      if (is_key) { keys[row + i / 2u] = codes; } else { values[row + i / 2u] = codes; }
    }
  }
  let slot = row + quads + first / (2u * BLOCK_PAIRS);
  if (is_key) { keys[slot] = scales; } else { values[slot] = scales; }
}
