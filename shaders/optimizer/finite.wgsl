// Whether the bits of an f32 are a finite number's. Compilers may take it that a float is never NaN or infinite; bits they leave.
const INFINITY = 0x7f800000u;
fn is_finite(bits: u32) -> bool { return (bits & INFINITY) != INFINITY; }
