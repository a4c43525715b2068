// Signed 8-bit codes as they are stored, four in a word.
//: if WHOLE_BLOCKS
//: needs Block
fn block_word_$q(b: Block) -> u32 { return b.chunks[$qu / 4u][$qu % 4u]; } //: for q in BLOCK_QUADS
//: else
//: needs codes, BLOCK_QUADS
const WORDS = BLOCK_QUADS / 2u;
/// Word w of a block's first half, and of its second half.
fn load_words(row: u32, block: u32, blocks: u32, w: u32) -> vec2u {
  let i = (row * blocks + block) * BLOCK_QUADS + w;
  return vec2u(codes[i], codes[i + WORDS]);
}
//: end
