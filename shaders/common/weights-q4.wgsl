// 4-bit codes in blocks of 32, value (code - 8) · scale (ggml's Q4_0): byte j holds element j low, element j + 16 high.
alias Block = vec4u;
@group(0) @binding(6) var<storage, read> scales: array<u32>;

fn block_scale(row: u32, block: u32, blocks: u32) -> f32 {
  let i = row * blocks + block;
  return unpack2x16float(scales[i >> 1u] >> (16u * (i & 1u))).x;
}
fn nibbles(word: u32) -> vec4f { return vec4f(unpack4xU8(word & 0x0f0f0f0fu)) - 8.0; }

// whole blocks, for kernels that take a row block by block
//: for u in UNROLLED
@group(0) @binding(5) var<storage, read> codes: array<vec4u>;
fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
fn quad_0(b: Block) -> vec4f { return nibbles(b.x); }
fn quad_1(b: Block) -> vec4f { return nibbles(b.y); }
fn quad_2(b: Block) -> vec4f { return nibbles(b.z); }
fn quad_3(b: Block) -> vec4f { return nibbles(b.w); }
fn quad_4(b: Block) -> vec4f { return nibbles(b.x >> 4u); }
fn quad_5(b: Block) -> vec4f { return nibbles(b.y >> 4u); }
fn quad_6(b: Block) -> vec4f { return nibbles(b.z >> 4u); }
fn quad_7(b: Block) -> vec4f { return nibbles(b.w >> 4u); }
//: end u
// one quad at a time: a word and no vector, whose component a loop variable would choose
//: for l in LOOPED
@group(0) @binding(5) var<storage, read> codes: array<u32>;
fn codes_at(row: u32, quad: u32, quads: u32) -> vec4f {
  return nibbles(codes[((row * quads + quad) >> 3u) * 4u + (quad & 3u)] >> (quad & 4u));
}
//: end l
