// The inputs of attention's backward pass, for its two kernels: one writes q's part of d_qkv, the other k's and v's.
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>; // [T][H · d]
@group(0) @binding(5) var<storage, read> lse: array<f32>;     // [T][H]
@group(0) @binding(6) var<storage, read> delta: array<f32>;   // [T][H]
@group(0) @binding(7) var<storage, read_write> d_qkv: array<vec4f>; // [T][(H + 2K) · d]
