// 4-bit codes in blocks of 4 · BLOCK_QUADS along the row. Byte j of a block holds element j in its low nibble, and the
// element half a block further in its high nibble. Without an offset, the code of zero is subtracted here; scales.wgsl
// does it where there is one. HAS_TABLE: codes are places in a table.
//: needs BLOCK_QUADS, ZERO_CODE
//: if HAS_TABLE
//: needs look_up
//: end
const WORDS = BLOCK_QUADS / 2u;
fn unpack_nibbles(word: u32) -> vec4f {
  //: if HAS_TABLE
  return look_up(word & 0x0f0f0f0fu);
  //: else
  let codes = vec4f(unpack4xU8(word & 0x0f0f0f0fu));
  //: if HAS_OFFSET
  return codes;
  //: else
  return codes - f32(ZERO_CODE);
  //: end
  //: end
}

//: if WHOLE_BLOCKS
//: needs BlockWords
// whole blocks, for kernels that unroll them
alias Block = BlockWords;
@group(0) @binding(5) var<storage, read> codes: array<BlockWords>;
fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
//: for q in BLOCK_QUADS
fn block_quad_$q(b: Block) -> vec4f { return unpack_nibbles(b[$qu % WORDS] >> (4u * ($qu / WORDS))); }
//: end
//: else
// one quad at a time, for kernels that loop: a loop variable would index the components of a vector
@group(0) @binding(5) var<storage, read> codes: array<u32>;
const BLOCK_SHIFT = countTrailingZeros(BLOCK_QUADS);
fn load_codes(row: u32, quad: u32, quads: u32) -> vec4f {
  let word = ((row * quads + quad) >> BLOCK_SHIFT) * WORDS + (quad & (WORDS - 1u));
  return unpack_nibbles(codes[word] >> ((quad & WORDS) * (4u / WORDS)));
}
//: end
