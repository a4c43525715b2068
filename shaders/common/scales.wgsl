// What a block's codes are multiplied by, and with BASE what is added then: a value is code · scale + base. The base is the
// offset that is stored beside each scale (OFFSET), less ZERO scales, since that code stands for the offset. A kernel adds
// it to a dot product at once, as base · Σx over the block.
@group(0) @binding(6) var<storage, read> scales: array<u32>;

fn block_scale(row: u32, block: u32, blocks: u32) -> vec2f {
  let i = row * blocks + block;
  //: for o in OFFSET
  let pair = unpack2x16float(scales[i]);
  return vec2f(pair.x, pair.y - f32(ZERO) * pair.x);
  //: end o
  //: for s in SINGLE
  let scale = unpack2x16float(scales[i >> 1u] >> (16u * (i & 1u))).x;
  return vec2f(scale, -f32(ZERO) * scale);
  //: end s
}
