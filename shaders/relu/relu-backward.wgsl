// The gradient of max(x, 0): x becomes d x in place, where d_hidden is the result's gradient. It is 0 where x is 0.
//: needs State
struct Params { columns: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> x: array<f32>; // [T][F]
@group(0) @binding(3) var<storage, read> d_hidden: array<f32>; // [T][F]

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * 64u + local_index;
  if (i >= state.count * params.columns) { return; }
  x[i] = select(0.0, d_hidden[i], x[i] > 0.0);
}
