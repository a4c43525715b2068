// The gradient of f(gate) · up, where f is the activation: (gate, up) become (d gate, d up) in place, where d_hidden is
// the product's gradient.
//: needs State, WORKGROUP_SIZE, activate_with_slope
struct Params { half: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> gate_up: array<vec4f>; // [T][2F]
@group(0) @binding(3) var<storage, read> d_hidden: array<vec4f>; // [T][F]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let quads = params.half / 4u;
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + local_index;
  let token = i / quads;
  if (token >= state.count) { return; }
  let gate_index = token * quads + i;
  let activated = activate_with_slope(gate_up[gate_index]);
  let up = gate_up[gate_index + quads];
  gate_up[gate_index] = d_hidden[i] * up * activated.slope;
  gate_up[gate_index + quads] = d_hidden[i] * activated.value;
}
