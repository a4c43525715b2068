// Rotates q in place, and k into the cache; copies v into the cache. One thread takes a pair of adjacent rows (Meta's
// order). The table is computed on the CPU in float64, since WGSL's cos and sin are coarse at large angles.
//: needs State, Activation, Cache
struct Params { heads: u32, kv_heads: u32, head_dim: u32, context: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> table: array<vec2f>; // [context][head_dim / 2] of (cos, sin)
@group(0) @binding(3) var<storage, read_write> qkv: array<Activation>; // [T][(H + 2K) · d]
@group(0) @binding(4) var<storage, read_write> keys: array<Cache>; // [K][context][d]
@group(0) @binding(5) var<storage, read_write> values: array<Cache>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let half = params.head_dim / 2u;
  let pairs = (params.heads + 2u * params.kv_heads) * half;
  let token = global_id.x / pairs;
  if (token >= state.count) { return; }
  let pair = global_id.x % pairs;
  let head = pair / half;
  let i = pair % half;
  let position = state.position + token;
  let pair_base = 2u * (token * pairs + pair);
  let even = f32(qkv[pair_base]);
  let odd = f32(qkv[pair_base + 1u]);
  let angle = table[position * half + i];
  let rotated = vec2f(even * angle.x - odd * angle.y, even * angle.y + odd * angle.x);
  if (head < params.heads) {
    qkv[pair_base] = Activation(rotated.x);
    qkv[pair_base + 1u] = Activation(rotated.y);
    return;
  }
  let kv_head = (head - params.heads) % params.kv_heads;
  let slot = (kv_head * params.context + position) * params.head_dim + 2u * i;
  if (head < params.heads + params.kv_heads) {
    keys[slot] = Cache(rotated.x);
    keys[slot + 1u] = Cache(rotated.y);
  } else {
    values[slot] = Cache(even);
    values[slot + 1u] = Cache(odd);
  }
}
