// What v, the gradient of A · mask(x), gives: the gradient of A, and what is added to that of x. Neither needs the
// other, so some workgroups of one dispatch compute the one and the rest the other. Without HAS_DX nobody wants the
// second.
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
