// DoRA's last step: y (+)= m / ‖W + scale · B · A‖ ⊙ z + bias, where z = W·x + scale · B·A·x. Maps that are not adapted
// keep their z.
//: needs lora-bindings.wgsl, stacked_row, NO_ROW, WORKGROUP_SIZE
@group(0) @binding(2) var<storage, read> z: array<f32>;         // [T, stride]
@group(0) @binding(3) var<storage, read> magnitude: array<f32>; // [M]
@group(0) @binding(4) var<storage, read> inverse: array<f32>;   // [M]
@group(0) @binding(5) var<storage, read_write> y: array<f32>;   // [T, stride]
//: if HAS_BIAS
@group(0) @binding(6) var<storage, read> bias: array<f32>;      // [stride]
//: end

override RESIDUAL: bool = false;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + local_index;
  if (i >= state.count * params.stride) { return; }
  let row = stacked_row(i % params.stride);
  var value = z[i];
  if (row != NO_ROW) { value *= magnitude[row] * inverse[row]; }
  //: if HAS_BIAS
  value += bias[i % params.stride];
  //: end
  if (RESIDUAL) { y[i] += value; } else { y[i] = value; }
}
