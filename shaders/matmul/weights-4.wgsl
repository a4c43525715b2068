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
//: if DOT_PRODUCTS
fn load_block_at(i: u32) -> Block { return codes[i]; }
//: if HAS_TABLE
fn low_quad_$q(b: Block) -> vec4f { return look_up(b[$q] & 0x0f0f0f0fu); } //: for q in LOW_QUADS
fn high_quad_$q(b: Block) -> vec4f { return look_up((b[$q] >> 4u) & 0x0f0f0f0fu); } //: for q in HIGH_QUADS
//: else
// Codes become numbers as mantissas of f16, under an exponent that makes their lowest bit worth 1: one operation
// unpacks two of them, and compilers read f16 in multiply-adds. Each is off by the exponent's power of two and the code
// of zero.
fn mantissas(word: u32, mask: u32, exponents: u32) -> vec2f { return unpack2x16float((word & mask) | exponents); }
fn in_turn(even: vec2f, odd: vec2f) -> vec4f { return vec4f(even.x, odd.x, even.y, odd.y); }
//: if COARSE_ZERO
// the fewest operations: f32 sums lose 8 bits in the powers of two
const LOW_ZERO = vec4f(1024.0 + f32(ZERO_CODE));
const HIGH_ZERO = vec4f(64.0 + f32(ZERO_CODE));
fn low_codes(word: u32) -> vec4f {
  return in_turn(mantissas(word, 0x000f000fu, 0x64006400u), mantissas(word >> 8u, 0x000f000fu, 0x64006400u));
}
fn high_codes(word: u32) -> vec4f {
  return in_turn(mantissas(word, 0x00f000f0u, 0x54005400u), mantissas(word >> 8u, 0x00f000f0u, 0x54005400u));
}
//: else
// f32 sums lose 2 bits in powers of two, and 4 where that spares a shift
const LOW_ZERO = vec4f(16.0 + f32(ZERO_CODE));
const HIGH_ZERO = vec4f(64.0, 16.0, 64.0, 16.0) + f32(ZERO_CODE);
fn low_codes(word: u32) -> vec4f {
  return in_turn(mantissas(word << 6u, 0x03c003c0u, 0x4c004c00u), mantissas(word >> 2u, 0x03c003c0u, 0x4c004c00u));
}
fn high_codes(word: u32) -> vec4f {
  return in_turn(mantissas(word, 0x00f000f0u, 0x54005400u), mantissas(word >> 6u, 0x03c003c0u, 0x4c004c00u));
}
//: end
fn low_quad_$q(b: Block) -> vec4f { return low_codes(b[$q]); } //: for q in LOW_QUADS
fn high_quad_$q(b: Block) -> vec4f { return high_codes(b[$q]); } //: for q in HIGH_QUADS
//: end
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
