// Rounds x to whole numbers of 8 bits in blocks of 32, for products of integers. A thread takes a block: its scale is
// the largest magnitude / 127, so that codes are −127 to 127, rounded to nearest, ties to even. With NORM, x is
// multiplied by a gain first, and Σx² is stored, from which the product gets 1/rms: codes do not depend on it.
//: needs State, Input, WORKGROUP_SIZE
struct Params { columns: u32 } // K, a multiple of 32
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<vec4<Input>>; // [T][K]
//: if NORM
@group(0) @binding(3) var<storage, read> gain: array<vec4f>; // [K]
//: end
@group(0) @binding(4) var<storage, read_write> codes: array<vec4u>; // [T][K] as bytes
@group(0) @binding(5) var<storage, read_write> blocks: array<vec4f>; // [T][K / 32] scale, Σ of halves, Σx²

const QUADS = 8u;
/// Blocks whose largest magnitude is below this become zeros: from here on 127 / it is finite and it / 127 is normal.
const LEAST = 0x04000000u; // 2⁻¹¹⁹
const ONES = 0x01010101u;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let row_blocks = params.columns / 32u;
  let block = global_id.x;
  if (block >= state.count * row_blocks) { return; }
  var quads: array<vec4f, QUADS>;
  var squares = vec4f(0.0);
  // compared as bits, infinities and NaN are the largest: they stay in the scale, and so in the product
  var largest = vec4u(0u);
  //: for q in 8
  quads[$q] = vec4f(x[block * QUADS + $qu]);
  //: if NORM
  squares += quads[$q] * quads[$q];
  quads[$q] *= gain[block % row_blocks * QUADS + $qu];
  //: end
  largest = max(largest, bitcast<vec4u>(quads[$q]) & vec4u(0x7fffffffu));
  //: end
  let pair = max(largest.xy, largest.zw);
  let bits = max(pair.x, pair.y);
  let most = bitcast<f32>(bits);
  let is_zero = bits < LEAST;
  let inverse = select(127.0 / most, 0.0, is_zero);
  var words: array<u32, QUADS>;
  var sums = vec2i(0);
  //: for q in 8
  words[$q] = pack4xI8(vec4i(round(quads[$q] * inverse)));
  sums[$q / 4] += dot4I8Packed(words[$q], ONES);
  //: end
  codes[2u * block] = vec4u(words[0], words[1], words[2], words[3]);
  codes[2u * block + 1u] = vec4u(words[4], words[5], words[6], words[7]);
  blocks[block] = vec4f(select(most * (1.0 / 127.0), 0.0, is_zero), vec2f(sums), dot(squares, vec4f(1.0)));
}
