// Rows of logits one by one, as in logits-quads.wgsl.
//: if GRADIENT
//: needs logits
//: end
alias Logits = f32;
const WIDTH = 1u;
fn largest_of(z: f32) -> f32 { return z; }
fn sum_of(z: f32) -> f32 { return z; }
fn component(z: f32, i: u32) -> f32 { return z; }
//: if GRADIENT
fn set_component(element: u32, i: u32, value: f32) { logits[element] = value; }
//: end
