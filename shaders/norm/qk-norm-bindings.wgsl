// Inputs of the norm of q's and k's heads, forward and backward.
//: needs State
struct Params { heads: u32, kv_heads: u32, quads: u32, epsilon: f32 } // quads: head_dim / 4
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> qkv: array<vec4f>; // [T][(H + 2K) · d] before the norm
@group(0) @binding(3) var<storage, read> gains: array<vec4f>; // [2][d]: of q, of k
