// Rows of bf16 as packed pairs: each is the upper half of an f32.
fn unpack_quad(packed: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(packed.x << 16u, packed.x & 0xffff0000u, packed.y << 16u, packed.y & 0xffff0000u));
}

//: if WIDE
// two quads at once
alias Block = vec4u;
@group(0) @binding(5) var<storage, read> codes: array<vec4u>;
fn high_quad_0(b: Block) -> vec4f { return unpack_quad(b.zw); }
//: else
alias Block = vec2u;
@group(0) @binding(5) var<storage, read> codes: array<vec2u>;
fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f { return unpack_quad(codes[row * quads + quad]); }
//: end

fn load_block_at(i: u32) -> Block { return codes[i]; }
fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
fn block_quad_0(b: Block) -> vec4f { return unpack_quad(b.xy); }
fn low_quad_0(b: Block) -> vec4f { return block_quad_0(b); }
