// The input of a group's maps in the backward pass: x itself, the RMSNorm of x by the kept 1 / rms, or f(gate) · up.
//: if NORMED
@group(0) @binding(4) var<storage, read> x: array<vec4f>;       // [T, K]
@group(0) @binding(9) var<storage, read> gain: array<vec4f>;    // [K]
@group(0) @binding(10) var<storage, read> inverse: array<f32>;  // [T], 1 / rms
fn input_quad(token: u32, quad: u32, quads: u32) -> vec4f {
  return x[token * quads + quad] * inverse[token] * gain[quad];
}
//: else
//: if GATED
//: needs activate_with_slope
@group(0) @binding(4) var<storage, read> gate_up: array<vec4f>; // [T, 2K]
fn input_quad(token: u32, quad: u32, quads: u32) -> vec4f {
  let i = token * 2u * quads + quad;
  return activate_with_slope(gate_up[i]).value * gate_up[i + quads];
}
//: else
@group(0) @binding(4) var<storage, read> x: array<vec4f>;       // [T, K]
fn input_quad(token: u32, quad: u32, quads: u32) -> vec4f { return x[token * quads + quad]; }
//: end
//: end
