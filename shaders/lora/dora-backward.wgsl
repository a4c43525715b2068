// The gradient through DoRA's last step, whose norms count as constants: dm += Σ_t dy · z / norm, and z becomes its own
// gradient, m / norm ⊙ dy. A thread takes one element of the output row of all tokens.
//: needs lora-bindings.wgsl, stacked_row, NO_ROW, WORKGROUP_SIZE
@group(0) @binding(2) var<storage, read> dy: array<f32>;          // [T, stride]
@group(0) @binding(3) var<storage, read> magnitude: array<f32>;   // [M]
@group(0) @binding(4) var<storage, read> inverse: array<f32>;     // [M]
@group(0) @binding(5) var<storage, read_write> z: array<f32>;     // [T, stride]
@group(0) @binding(6) var<storage, read_write> dm: array<f32>;    // [M]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x;
  if (i >= params.stride) { return; }
  let row = stacked_row(i);
  var factor = 1.0;
  if (row != NO_ROW) { factor = magnitude[row] * inverse[row]; }
  var sum = 0.0;
  for (var t = 0u; t < state.count; t++) {
    let at = t * params.stride + i;
    let d = dy[at];
    sum += d * z[at];
    z[at] = factor * d;
  }
  if (row != NO_ROW) { dm[row] += sum * inverse[row]; }
}
