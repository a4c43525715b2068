// The scale of each block, and with HAS_OFFSET its offset. A value is code · scale + base. The base is the stored
// offset less ZERO_CODE scales, since the offset is the value of that code. Kernels that compute dot products add base
// · Σx, and so need one dot product a block.
//: needs ZERO_CODE
//: if HALF_SCALES
//: needs Scale
@group(0) @binding(6) var<storage, read> scales: array<Scale>;
fn load_scale(i: u32) -> vec2f { return vec2f(f32(scales[i]), 0.0); }
//: else
@group(0) @binding(6) var<storage, read> scales: array<u32>;

/// Scale and offset of block i, counted over all rows; the code of zero is not yet subtracted.
fn load_scale(i: u32) -> vec2f {
  //: if HAS_OFFSET
  return unpack2x16float(scales[i]);
  //: else
  return vec2f(unpack2x16float(scales[i >> 1u] >> (i << 4u)).x, 0.0);
  //: end
}

fn block_scale(row: u32, block: u32, blocks: u32) -> vec2f {
  let i = row * blocks + block;
  //: if HAS_OFFSET
  let pair = unpack2x16float(scales[i]);
  return vec2f(pair.x, pair.y - f32(ZERO_CODE) * pair.x);
  //: else
  return vec2f(unpack2x16float(scales[i >> 1u] >> (16u * (i & 1u))).x, 0.0);
  //: end
}
//: end
