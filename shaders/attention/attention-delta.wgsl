// delta[t, h] = Σ_c d_out[t, h, c] · out[t, h, c], which the softmax's backward pass subtracts from the gradient of
// every weight. One thread takes one head of a token.
//: needs State, WORKGROUP_SIZE
struct Params { heads: u32, quads: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> out: array<vec4f>;   // [T][H · d]
@group(0) @binding(3) var<storage, read> d_out: array<vec4f>; // [T][H · d]
@group(0) @binding(4) var<storage, read_write> delta: array<f32>; // [T][H]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  if (global_id.x >= state.count * params.heads) { return; }
  let at = global_id.x * params.quads;
  var sum = 0.0;
  for (var i = 0u; i < params.quads; i++) { sum += dot(out[at + i], d_out[at + i]); }
  delta[global_id.x] = sum;
}
