// 4-bit codes as whole numbers of 8 bits, four in a word. Codes stay unsigned, off by ZERO_CODE.
//: needs WORDS
//: if HAS_TABLE
//: needs plane_0
//: end
fn nibbles(word: u32) -> u32 {
  //: if HAS_TABLE
  return plane_0(word & 0x0f0f0f0fu);
  //: else
  return word & 0x0f0f0f0fu;
  //: end
}
//: if WHOLE_BLOCKS
//: needs Block
fn block_word_$q(b: Block) -> u32 { return nibbles(b[$qu % WORDS] >> (4u * ($qu / WORDS))); } //: for q in BLOCK_QUADS
//: else
//: needs codes
/// Word w of a block's first half, and of its second half.
fn load_words(row: u32, block: u32, blocks: u32, w: u32) -> vec2u {
  let word = codes[(row * blocks + block) * WORDS + w];
  return vec2u(nibbles(word), nibbles(word >> 4u));
}
//: end
