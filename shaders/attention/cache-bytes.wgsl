// Keys and values of every position so far as 8-bit codes, with the functions of cache.wgsl. A row is the codes of a
// head, four in a word, and then the f16 scales of its blocks, two in a word; a block is 32 elements, or the rest of
// the head.
//: needs HEAD_QUADS
@group(0) @binding(3) var<storage, read> keys: array<u32>; // [K][context] rows
@group(0) @binding(4) var<storage, read> values: array<u32>; // [K][context] rows
const ROW_WORDS = HEAD_QUADS + (HEAD_QUADS + 15u) / 16u;

fn quad_of(codes: u32, scales: u32, quad: u32) -> vec4f {
  return unpack2x16float(scales >> (quad / 8u % 2u * 16u)).x * vec4f(unpack4xI8(codes));
}
fn key_quad(i: u32) -> vec4f {
  let row = i / HEAD_QUADS * ROW_WORDS;
  let quad = i % HEAD_QUADS;
  return quad_of(keys[row + quad], keys[row + HEAD_QUADS + quad / 16u], quad);
}
fn value_quad(i: u32) -> vec4f {
  let row = i / HEAD_QUADS * ROW_WORDS;
  let quad = i % HEAD_QUADS;
  return quad_of(values[row + quad], values[row + HEAD_QUADS + quad / 16u], quad);
}
