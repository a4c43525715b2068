// Signed 8-bit codes in blocks of 4 · BLOCK_QUADS along the row, bytes in order.

//: if WHOLE_BLOCKS
//: needs BLOCK_CHUNKS
// whole blocks, for kernels that unroll them
struct Block { chunks: array<vec4u, BLOCK_CHUNKS> }
@group(0) @binding(5) var<storage, read> codes: array<vec4u>;
fn load_block(row: u32, block: u32, blocks: u32) -> Block {
  let i = BLOCK_CHUNKS * (row * blocks + block);
  return Block(array<vec4u, BLOCK_CHUNKS>(
    codes[i + $cu], //: for c in BLOCK_CHUNKS
  ));
}
fn block_quad_$q(b: Block) -> vec4f { return vec4f(unpack4xI8(b.chunks[$qu / 4u][$qu % 4u])); } //: for q in BLOCK_QUADS
//: if DOT_PRODUCTS
//: needs LOW_QUADS
fn load_block_at(i: u32) -> Block { return load_block(0u, i, 0u); }
//: if COARSE_ZERO
// codes as the mantissas of f16, which compilers read in multiply-adds: f32 sums lose 4 bits in the power of two
const LOW_ZERO = vec4f(1024.0 + 128.0);
fn unsigned_bytes(word: u32) -> vec4f {
  let bytes = word ^ 0x80808080u;
  let even = unpack2x16float((bytes & 0x00ff00ffu) | 0x64006400u);
  let odd = unpack2x16float(((bytes >> 8u) & 0x00ff00ffu) | 0x64006400u);
  return vec4f(even.x, odd.x, even.y, odd.y);
}
//: else
// unsigned bytes have operations of their own
const LOW_ZERO = vec4f(128.0);
fn unsigned_bytes(word: u32) -> vec4f { return vec4f(unpack4xU8(word ^ 0x80808080u)); }
//: end
const HIGH_ZERO = LOW_ZERO;
fn low_quad_$q(b: Block) -> vec4f { return unsigned_bytes(b.chunks[$qu / 4u][$qu % 4u]); } //: for q in LOW_QUADS
//: for q in HIGH_QUADS
fn high_quad_$q(b: Block) -> vec4f {
  return unsigned_bytes(b.chunks[(LOW_QUADS + $qu) / 4u][(LOW_QUADS + $qu) % 4u]);
}
//: end
//: end
//: else
// one quad at a time, for kernels that loop: a loop variable would index the components of a vector
@group(0) @binding(5) var<storage, read> codes: array<u32>;
fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f {
  return vec4f(unpack4xI8(codes[row * quads + quad]));
}
//: end
