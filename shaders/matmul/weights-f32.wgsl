// Rows of f32. A block is one quad of elements, with WIDE two.
@group(0) @binding(5) var<storage, read> codes: array<vec4u>;

//: if WIDE
struct Block { low: vec4u, high: vec4u }
fn load_block_at(i: u32) -> Block { return Block(codes[2u * i], codes[2u * i + 1u]); }
fn low_quad_0(b: Block) -> vec4f { return bitcast<vec4f>(b.low); }
fn high_quad_0(b: Block) -> vec4f { return bitcast<vec4f>(b.high); }
//: else
alias Block = vec4u;
fn load_block_at(i: u32) -> Block { return codes[i]; }
fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
fn block_quad_0(b: Block) -> vec4f { return bitcast<vec4f>(b); }
fn low_quad_0(b: Block) -> vec4f { return block_quad_0(b); }

/// Elements 4 · quad to 4 · quad + 3 of a row, before the block's scale and base are applied.
fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f { return bitcast<vec4f>(codes[row * quads + quad]); }
//: end
