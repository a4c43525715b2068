// Rotates q and k of every token by its position in its sequence, or back. One thread takes a pair of adjacent rows
// (Meta's order). With SCALED, queries grow with their position, and so does their gradient.
//: needs State, Place, WORKGROUP_SIZE
//: if SCALED
//: needs query_scale
//: end
struct Params {
  heads: u32,
  kv_heads: u32,
  head_dim: u32,
  direction: f32,
  query_beta: f32,
  query_length: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> places: array<Place>;
@group(0) @binding(3) var<storage, read> table: array<vec2f>; // [context][head_dim / 2] of (cos, sin)
@group(0) @binding(4) var<storage, read_write> qkv: array<vec2f>; // [T][(H + 2K) · d]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let token = global_id.y;
  let half = params.head_dim / 2u;
  if (token >= state.count || global_id.x >= (params.heads + params.kv_heads) * half) { return; }
  let position = places[token].position;
  var angle = table[position * half + global_id.x % half];
  //: if SCALED
  if (global_id.x < params.heads * half) { angle *= query_scale(position, params.query_beta, params.query_length); }
  //: end
  let sine = params.direction * angle.y;
  let pair_index = token * (params.heads + 2u * params.kv_heads) * half + global_id.x;
  let pair = qkv[pair_index];
  qkv[pair_index] = vec2f(pair.x * angle.x - pair.y * sine, pair.x * sine + pair.y * angle.x);
}
