// The inputs of a norm, forward and backward: x, its frozen gain, and the token of a row. Row i is token i, or with
// PICKED the token that a list names.
//: needs State
struct Params { columns: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<vec4f>; // [T][D]
@group(0) @binding(3) var<storage, read> gain: array<vec4f>; // [D]
//: if PICKED
@group(0) @binding(4) var<storage, read> picked: array<u32>;
//: end

fn token_of(row: u32) -> u32 {
  //: if PICKED
  return picked[state.position + row];
  //: else
  return row;
  //: end
}
