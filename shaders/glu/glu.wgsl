// hidden[t, i] = f(gate[t, i]) · up[t, i], for a projection that wrote gate and up side by side; f is the activation.
//: needs State, Activation, activate
struct Params { half: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> gate_up: array<Activation>; // [T][2F]
@group(0) @binding(3) var<storage, read_write> hidden: array<Activation>; // [T][F]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let token = global_id.x / params.half;
  if (token >= state.count) { return; }
  let gate_index = token * params.half + global_id.x;
  let gate = f32(gate_up[gate_index]);
  hidden[global_id.x] = Activation(activate(gate) * f32(gate_up[gate_index + params.half]));
}
