// A table of the 16 values that 4-bit codes stand for. It is looked up for four codes at once, which are
// the four bytes of a word. TABLE_p_v is byte p of value v, four times over: values are i8 where there is one plane of
// bytes, and f32 where there are four. Bits of the codes, as masks, choose between pairs of values. An array would be
// put into memory by compilers: indexed, it takes lavapipe four times as long.
//: for p in TABLE_PLANES
//: needs TABLE_$p_0, TABLE_$p_1, TABLE_$p_2, TABLE_$p_3, TABLE_$p_4, TABLE_$p_5, TABLE_$p_6, TABLE_$p_7
//: needs TABLE_$p_8, TABLE_$p_9, TABLE_$p_10, TABLE_$p_11, TABLE_$p_12, TABLE_$p_13, TABLE_$p_14, TABLE_$p_15
//: end

/// All ones in each byte whose bit is set.
fn bytes_where(codes: u32, bit: u32) -> u32 {
  let ones = (codes >> bit) & 0x01010101u;
  return (ones << 8u) - ones;
}

/// Bits of b where the mask has ones, bits of a elsewhere.
fn choose(mask: u32, a: u32, b: u32) -> u32 { return a ^ ((a ^ b) & mask); }

//: if FLOAT_TABLE
/// Bytes 0 and 2 of two planes, beside each other.
fn zip(low: u32, high: u32) -> u32 { return (low & 0x00ff00ffu) | ((high & 0x00ff00ffu) << 8u); }
//: end

//: for p in TABLE_PLANES
/// Byte p of the values of four codes.
fn plane_$p(codes: u32) -> u32 {
  let odd = bytes_where(codes, 0u);
  let second = bytes_where(codes, 1u);
  let third = bytes_where(codes, 2u);
  let fourth = bytes_where(codes, 3u);
  let low = choose(third,
    choose(second, choose(odd, TABLE_$p_0, TABLE_$p_1), choose(odd, TABLE_$p_2, TABLE_$p_3)),
    choose(second, choose(odd, TABLE_$p_4, TABLE_$p_5), choose(odd, TABLE_$p_6, TABLE_$p_7)));
  let high = choose(third,
    choose(second, choose(odd, TABLE_$p_8, TABLE_$p_9), choose(odd, TABLE_$p_10, TABLE_$p_11)),
    choose(second, choose(odd, TABLE_$p_12, TABLE_$p_13), choose(odd, TABLE_$p_14, TABLE_$p_15)));
  return choose(fourth, low, high);
}
//: end

fn look_up(codes: u32) -> vec4f {
  //: if FLOAT_TABLE
  // the bytes of each value together
  let planes = vec4u(plane_0(codes), plane_1(codes), plane_2(codes), plane_3(codes));
  let low_pairs = vec2u(zip(planes.x, planes.y), zip(planes.x >> 8u, planes.y >> 8u));
  let high_pairs = vec2u(zip(planes.z, planes.w), zip(planes.z >> 8u, planes.w >> 8u));
  let first = (low_pairs & vec2u(0xffffu)) | (high_pairs << vec2u(16u));
  let last = (low_pairs >> vec2u(16u)) | (high_pairs & vec2u(0xffff0000u));
  return bitcast<vec4f>(vec4u(first, last));
  //: else
  return vec4f(unpack4xI8(plane_0(codes)));
  //: end
}
