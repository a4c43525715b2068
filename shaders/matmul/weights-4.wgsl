// 4-bit codes in blocks of 4 · BLOCK_QUADS along the row: byte j of a block's half as many holds element j in its low nibble
// and element j + half a block in its high one. Where there is an offset, what stands for zero is taken off that.
//: needs BLOCK_QUADS, ZERO
const WORDS = BLOCK_QUADS / 2u;
fn nibbles(word: u32) -> vec4f {
  let codes = vec4f(unpack4xU8(word & 0x0f0f0f0fu));
  //: if OFFSET
  return codes;
  //: else
  return codes - f32(ZERO);
  //: end
}

//: if WHOLE_BLOCKS
//: needs Words
// whole blocks, for kernels that take a row block by block
alias Block = Words;
@group(0) @binding(5) var<storage, read> codes: array<Words>;
fn load_block(row: u32, block: u32, blocks: u32) -> Block { return codes[row * blocks + block]; }
//: for q in BLOCK_QUADS
fn quad_$q(b: Block) -> vec4f { return nibbles(b[$qu % WORDS] >> (4u * ($qu / WORDS))); }
//: end
//: else
// one quad at a time: a word and no vector, whose component a loop variable would choose
@group(0) @binding(5) var<storage, read> codes: array<u32>;
const BLOCK_SHIFT = countTrailingZeros(BLOCK_QUADS);
fn codes_at(row: u32, quad: u32, quads: u32) -> vec4f {
  let word = ((row * quads + quad) >> BLOCK_SHIFT) * WORDS + (quad & (WORDS - 1u));
  return nibbles(codes[word] >> ((quad & WORDS) * (4u / WORDS)));
}
//: end
