// The gradients of u (which is v) and of B from dy, the gradient of a group's output: some workgroups of one dispatch
// compute v, the others the gradient of B.
//: needs lora-bindings.wgsl, v_groups, gradient_of_u, gradient_of_b, WORKGROUP_SIZE, TILE_R
@group(0) @binding(2) var<storage, read> dy: array<f32>;       // [T, stride]
@group(0) @binding(3) var<storage, read> b: array<f32>;        // [M, R]
@group(0) @binding(4) var<storage, read> u: array<f32>;        // [T, J]
@group(0) @binding(5) var<storage, read_write> v: array<f32>;  // [T, J]
@group(0) @binding(6) var<storage, read_write> db: array<f32>; // [M, R]

fn rank_tiles() -> u32 { return (params.rank + TILE_R - 1u) / TILE_R; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let group = workgroup_id.y * num_workgroups.x + workgroup_id.x;
  let first = v_groups();
  if (group < first) { gradient_of_u(group, local_index); } else { gradient_of_b(group - first, local_index); }
}
