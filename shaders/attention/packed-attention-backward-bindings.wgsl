// The inputs of attention's backward pass, for its two kernels: one writes q's part of d_qkv, the other k's and v's.
// With ROTATED, the gradients of q and k are turned back by their positions as they are written.
//: if ROTATED
//: needs HEAD_QUADS
//: end
@group(0) @binding(4) var<storage, read> d_out: array<vec4f>; // [T][H · d]
@group(0) @binding(7) var<storage, read_write> d_qkv: array<vec4f>; // [T][(H + 2K) · d]
//: if ROTATED
@group(0) @binding(8) var<storage, read> table: array<vec4f>; // [context][d / 4] of (cos, sin) twice
//: end

/// A quad (two pairs) of a token's gradient of q or k, rotated back by its position.
fn turned_back(position: u32, quad: u32, d: vec4f) -> vec4f {
  //: if ROTATED
  let angles = table[position * HEAD_QUADS + quad];
  return vec4f(
    d.x * angles.x + d.y * angles.y,
    d.y * angles.x - d.x * angles.y,
    d.z * angles.z + d.w * angles.w,
    d.w * angles.z - d.z * angles.w,
  );
  //: else
  return d;
  //: end
}
