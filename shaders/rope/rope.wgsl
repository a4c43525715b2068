// Rotates q and k, unless the layer has no rotary positions; q stays in place, k and v go into the cache. The table is
// computed on the CPU in float64, since WGSL's cos and sin are coarse at large angles. With SCALED, queries grow with
// their position.
//: needs State, Activation
//: if BYTES
//: else
//: needs Cache
//: end
//: if SCALED
//: needs query_scale
//: end
struct Params {
  heads: u32,
  kv_heads: u32,
  head_dim: u32,
  context: u32,
  epsilon: f32,
  query_beta: f32,
  query_length: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
//: if ROTATES
@group(0) @binding(2) var<storage, read> table: array<vec2f>; // [context][head_dim / 2] of (cos, sin)
//: end
@group(0) @binding(3) var<storage, read_write> qkv: array<Activation>; // [T][(H + 2K) · d]
//: if BYTES
@group(0) @binding(4) var<storage, read_write> keys: array<u32>; // [K][context] rows
@group(0) @binding(5) var<storage, read_write> values: array<u32>;
//: else
@group(0) @binding(4) var<storage, read_write> keys: array<Cache>; // [K][context][d]
@group(0) @binding(5) var<storage, read_write> values: array<Cache>;
//: end

/// Heads of q, k and v of a token.
fn all_heads() -> u32 { return params.heads + 2u * params.kv_heads; }

/// The pair i of a head, of adjacent rows (Meta's order).
fn pair_at(token: u32, head: u32, i: u32) -> vec2f {
  let at = (token * all_heads() + head) * params.head_dim + 2u * i;
  return vec2f(f32(qkv[at]), f32(qkv[at + 1u]));
}

fn rotated(pair: vec2f, position: u32, i: u32) -> vec2f {
  //: if ROTATES
  let angle = table[position * (params.head_dim / 2u) + i];
  return vec2f(pair.x * angle.x - pair.y * angle.y, pair.x * angle.y + pair.y * angle.x);
  //: else
  return pair;
  //: end
}

/// Writes a rotated pair of q back to its place.
fn place_query(token: u32, head: u32, i: u32, turned: vec2f) {
  let at = (token * all_heads() + head) * params.head_dim + 2u * i;
  //: if SCALED
  let pair = query_scale(state.position + token, params.query_beta, params.query_length) * turned;
  //: else
  let pair = turned;
  //: end
  qkv[at] = Activation(pair.x);
  qkv[at + 1u] = Activation(pair.y);
}

//: if BYTES
//: else
/// Writes a pair of q in place, of k or v into the cache.
fn place(token: u32, head: u32, i: u32, pair: vec2f) {
  let position = state.position + token;
  if (head < params.heads) {
    place_query(token, head, i, rotated(pair, position, i));
    return;
  }
  let slot = ((head - params.heads) % params.kv_heads * params.context + position) * params.head_dim + 2u * i;
  if (head < params.heads + params.kv_heads) {
    let turned = rotated(pair, position, i);
    keys[slot] = Cache(turned.x);
    keys[slot + 1u] = Cache(turned.y);
  } else {
    values[slot] = Cache(pair.x);
    values[slot + 1u] = Cache(pair.y);
  }
}
//: end
