// out[t, h] = Σ_j softmax(scores[t, h])_j · v[j]: one thread a quad of a head, no barriers.
struct Params { heads: u32, kv_heads: u32, head_width: u32, context: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> scores: array<f32>; // [T][H][context]
@group(0) @binding(3) var<storage, read> values: array<vec4<Cache>>; // [K][context][d]
@group(0) @binding(4) var<storage, read_write> out: array<vec4<Act>>; // [T][H · d]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let quads = params.head_width / 4u;
  let token = global.x / (params.heads * quads);
  if (token >= state.count) { return; }
  let head = global.x / quads % params.heads;
  let quad = global.x % quads;
  let keys = state.position + token + 1u;
  let s = (token * params.heads + head) * params.context;
  let v = head / (params.heads / params.kv_heads) * params.context * quads + quad;
  var largest = scores[s];
  for (var j = 1u; j < keys; j++) { largest = max(largest, scores[s + j]); }
  var total = 0.0;
  var sum = vec4f(0.0);
  for (var j = 0u; j < keys; j++) {
    let weight = exp(scores[s + j] - largest);
    total += weight;
    sum += weight * vec4f(values[v + j * quads]);
  }
  out[global.x] = vec4<Act>(sum / total);
}
