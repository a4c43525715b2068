// AdamW (Loshchilov and Hutter 2019) in PyTorch's order: the weights decay, the moments move, the weights step.
//: needs Optimizer, WORKGROUP_SIZE
struct Params {
  count: u32,
  ratio_b: u32, // 1: the learning rate is multiplied by the optimizer's ratio
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> first: array<f32>; // moment
@group(0) @binding(4) var<storage, read_write> second: array<f32>; // moment
@group(0) @binding(5) var<storage, read> optimizer: Optimizer;
@group(0) @binding(6) var<storage, read> report: array<f32>; // [4]: loss, norm, factor, whether all is finite

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + local_index;
  if (i >= params.count || report[3] == 0.0) { return; }
  let rate = optimizer.learning_rate * select(1.0, optimizer.ratio, params.ratio_b == 1u);
  let g = gradient[i] * report[2];
  let decayed = parameters[i] - parameters[i] * (rate * optimizer.decay);
  let m = optimizer.beta1 * first[i] + optimizer.rest1 * g;
  let v = optimizer.beta2 * second[i] + optimizer.rest2 * g * g;
  first[i] = m;
  second[i] = v;
  parameters[i] = decayed - rate * (m / optimizer.correction1) / (sqrt(v / optimizer.correction2) + optimizer.epsilon);
}
