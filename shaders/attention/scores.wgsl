// scores[t, h, j] = q[t, h] · k[j] / √d for j up to t's own position: one thread a score, no barriers.
struct Params { heads: u32, kv_heads: u32, head_width: u32, context: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<Act>>; // [T][(H + 2K) · d]
@group(0) @binding(3) var<storage, read> keys: array<vec4<Cache>>; // [K][context][d]
@group(0) @binding(4) var<storage, read_write> scores: array<f32>; // [T][H][context]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let j = global.x;
  let head = global.y;
  let token = global.z;
  if (j > state.position + token) { return; } // causal
  let quads = params.head_width / 4u;
  let q = (token * (params.heads + 2u * params.kv_heads) + head) * quads;
  let k = (head / (params.heads / params.kv_heads) * params.context + j) * quads;
  var sum = 0.0;
  for (var i = 0u; i < quads; i++) { sum += dot(vec4f(qkv[q + i]), vec4f(keys[k + i])); }
  scores[(token * params.heads + head) * params.context + j] = sum / sqrt(f32(params.head_width));
}
