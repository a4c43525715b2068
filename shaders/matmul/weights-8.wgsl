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
//: else
// one quad at a time, for kernels that loop: a loop variable would index the components of a vector
@group(0) @binding(5) var<storage, read> codes: array<u32>;
fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f {
  return vec4f(unpack4xI8(codes[row * quads + quad]));
}
//: end
