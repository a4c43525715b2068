// x[t] += positions[p + offset] for the position p of token t, one thread a quad of elements. With PACKED, sequences
// lie side by side and each begins at 0.
//: needs State
struct Params { columns: u32, offset: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
//: if PACKED
//: needs Place
@group(0) @binding(2) var<storage, read> places: array<Place>;
//: end
@group(0) @binding(3) var<storage, read> positions: array<vec4f>; // [context + offset][D]
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>; // [T][D]

fn position_of(token: u32) -> u32 {
  //: if PACKED
  return places[token].position;
  //: else
  return state.position + token;
  //: end
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let quads = params.columns / 4u;
  let token = global_id.x / quads;
  if (token >= state.count) { return; }
  let quad = global_id.x % quads;
  x[token * quads + quad] += positions[(position_of(token) + params.offset) * quads + quad];
}
