// Rows of f16 as packed pairs, which are unpacked without shader-f16.
alias Block = vec2u;
@group(0) @binding(5) var<storage, read> codes: array<vec2u>;

fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
fn block_quad_0(b: Block) -> vec4f { return vec4f(unpack2x16float(b.x), unpack2x16float(b.y)); }

fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f { return block_quad_0(codes[row * quads + quad]); }
