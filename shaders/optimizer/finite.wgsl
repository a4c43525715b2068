// Tests the bits of an f32. Compilers may assume that a float is never NaN or infinite, but not so of its bits.
const INFINITY = 0x7f800000u;
fn is_finite(bits: u32) -> bool { return (bits & INFINITY) != INFINITY; }
