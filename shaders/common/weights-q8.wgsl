// Signed 8-bit codes in blocks of 32 with one f16 scale each (ggml's Q8_0, codes and scales apart).
struct Block { a: vec4u, b: vec4u }
@group(0) @binding(6) var<storage, read> scales: array<u32>;

fn block_scale(row: u32, block: u32, blocks: u32) -> f32 {
  let i = row * blocks + block;
  return unpack2x16float(scales[i >> 1u] >> (16u * (i & 1u))).x;
}

// whole blocks, for kernels that take a row block by block
//: for u in UNROLLED
@group(0) @binding(5) var<storage, read> codes: array<vec4u>;
fn load_block(row: u32, block: u32, blocks: u32) -> Block {
  let i = 2u * (row * blocks + block);
  return Block(codes[i], codes[i + 1u]);
}
fn quad_0(b: Block) -> vec4f { return vec4f(unpack4xI8(b.a.x)); }
fn quad_1(b: Block) -> vec4f { return vec4f(unpack4xI8(b.a.y)); }
fn quad_2(b: Block) -> vec4f { return vec4f(unpack4xI8(b.a.z)); }
fn quad_3(b: Block) -> vec4f { return vec4f(unpack4xI8(b.a.w)); }
fn quad_4(b: Block) -> vec4f { return vec4f(unpack4xI8(b.b.x)); }
fn quad_5(b: Block) -> vec4f { return vec4f(unpack4xI8(b.b.y)); }
fn quad_6(b: Block) -> vec4f { return vec4f(unpack4xI8(b.b.z)); }
fn quad_7(b: Block) -> vec4f { return vec4f(unpack4xI8(b.b.w)); }
//: end u
// one quad at a time: a word and no vector, whose component a loop variable would choose
//: for l in LOOPED
@group(0) @binding(5) var<storage, read> codes: array<u32>;
fn codes_at(row: u32, quad: u32, quads: u32) -> vec4f {
  return vec4f(unpack4xI8(codes[row * quads + quad]));
}
//: end l
