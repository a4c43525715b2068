// 4-bit codes in blocks of 32 with a minimum, value code · scale + minimum (ggml's Q4_1). To keep one dot product per
// block, the minimum is folded into the codes: (code + minimum / scale) · scale; where the scale is 0, all are the minimum.
struct Block { codes: vec4u, shift: f32 }
@group(0) @binding(6) var<storage, read> scales: array<u32>;

fn block_scale(row: u32, block: u32, blocks: u32) -> f32 {
  let scale = unpack2x16float(scales[row * blocks + block]).x;
  return select(scale, 1.0, scale == 0.0);
}
fn nibbles(word: u32) -> vec4f { return vec4f(unpack4xU8(word & 0x0f0f0f0fu)); }

// whole blocks, for kernels that take a row block by block
//: for u in UNROLLED
@group(0) @binding(5) var<storage, read> codes: array<vec4u>;
fn load_block(row: u32, block: u32, blocks: u32) -> Block {
  let i = row * blocks + block;
  let pair = unpack2x16float(scales[i]);
  if (pair.x == 0.0) { return Block(vec4u(0u), pair.y); }
  return Block(codes[i], pair.y / pair.x);
}
fn quad_0(b: Block) -> vec4f { return nibbles(b.codes.x) + b.shift; }
fn quad_1(b: Block) -> vec4f { return nibbles(b.codes.y) + b.shift; }
fn quad_2(b: Block) -> vec4f { return nibbles(b.codes.z) + b.shift; }
fn quad_3(b: Block) -> vec4f { return nibbles(b.codes.w) + b.shift; }
fn quad_4(b: Block) -> vec4f { return nibbles(b.codes.x >> 4u) + b.shift; }
fn quad_5(b: Block) -> vec4f { return nibbles(b.codes.y >> 4u) + b.shift; }
fn quad_6(b: Block) -> vec4f { return nibbles(b.codes.z >> 4u) + b.shift; }
fn quad_7(b: Block) -> vec4f { return nibbles(b.codes.w >> 4u) + b.shift; }
//: end u
// one quad at a time: a word and no vector, whose component a loop variable would choose
//: for l in LOOPED
@group(0) @binding(5) var<storage, read> codes: array<u32>;
fn codes_at(row: u32, quad: u32, quads: u32) -> vec4f {
  let block = (row * quads + quad) >> 3u;
  let pair = unpack2x16float(scales[block]);
  if (pair.x == 0.0) { return vec4f(pair.y); }
  return nibbles(codes[block * 4u + (quad & 3u)] >> (quad & 4u)) + pair.y / pair.x;
}
//: end l
