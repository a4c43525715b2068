// f32 rows: one quad of elements is one vec4. `Block` is what the dot product takes at once: BLOCK_QUADS quads.
alias Block = vec4u;
@group(0) @binding(5) var<storage, read> codes: array<vec4u>;

fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
fn block_quad_0(b: Block) -> vec4f { return bitcast<vec4f>(b); }

/// Elements 4·quad to 4·quad+3 of a row, to which the block's scale and base are still to be applied.
fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f { return bitcast<vec4f>(codes[row * quads + quad]); }
