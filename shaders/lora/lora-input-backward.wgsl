// The gradients of A and of x, added to da and dx, from v, the gradient of A · mask(x): some workgroups of one dispatch
// compute that of A, the others that of x. Without HAS_DX the gradient of x is left out.
//: needs lora-bindings.wgsl, a_groups, gradient_of_a, WORKGROUP_SIZE, TILE_R
//: if HAS_DX
//: needs gradient_of_x
//: end
@group(0) @binding(5) var<storage, read> v: array<f32>;          // [T, J]
@group(0) @binding(6) var<storage, read_write> da: array<vec4f>; // [J, K]

fn rank_tiles() -> u32 { return (params.rank + TILE_R - 1u) / TILE_R; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let group = workgroup_id.y * num_workgroups.x + workgroup_id.x;
  let first = a_groups();
  if (group < first) { gradient_of_a(group, local_index); }
  //: if HAS_DX
  if (group >= first) { gradient_of_x(group - first, local_index); }
  //: end
}
