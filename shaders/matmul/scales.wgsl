// What a block's codes are multiplied by, and with HAS_OFFSET what is added then: a value is code · scale + base, and the base is
// the offset that is stored beside each scale, less ZERO_CODE scales, since that code stands for the offset. To keep one dot
// product a block, kernels add base · Σx.
//: needs ZERO_CODE
@group(0) @binding(6) var<storage, read> scales: array<u32>;

fn block_scale(row: u32, block: u32, blocks: u32) -> vec2f {
  let i = row * blocks + block;
  //: if HAS_OFFSET
  let pair = unpack2x16float(scales[i]);
  return vec2f(pair.x, pair.y - f32(ZERO_CODE) * pair.x);
  //: else
  return vec2f(unpack2x16float(scales[i >> 1u] >> (16u * (i & 1u))).x, 0.0);
  //: end
}
