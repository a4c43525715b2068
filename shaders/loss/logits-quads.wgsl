// Rows of logits by quads.
//: if GRADIENT
//: needs logits
//: end
alias Logits = vec4f;
const WIDTH = 4u;
fn largest_of(z: vec4f) -> f32 { return max(max(z.x, z.y), max(z.z, z.w)); }
fn sum_of(z: vec4f) -> f32 { return (z.x + z.y) + (z.z + z.w); }
fn component(z: vec4f, i: u32) -> f32 { return z[i]; }
//: if GRADIENT
fn set_component(element: u32, i: u32, value: f32) { logits[element][i] = value; }
//: end
