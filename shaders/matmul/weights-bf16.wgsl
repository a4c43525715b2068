// Rows of bf16 as packed pairs: each is the upper half of an f32.
alias Block = vec2u;
@group(0) @binding(5) var<storage, read> codes: array<vec2u>;

fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
fn block_quad_0(b: Block) -> vec4f {
  return bitcast<vec4f>(vec4u(b.x << 16u, b.x & 0xffff0000u, b.y << 16u, b.y & 0xffff0000u));
}

fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f { return block_quad_0(codes[row * quads + quad]); }
