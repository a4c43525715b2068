// x[t] = factor · embedding[ids[t]], one thread a quad of elements. A part of the matrix fills only the ids that it
// holds.
//: needs State, block_scale, load_codes, BLOCK_QUADS
struct Params { rows: u32, columns: u32, row_start: u32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let quads = params.columns / 4u;
  let token = global_id.x / quads;
  if (token >= state.count) { return; }
  let quad = global_id.x % quads;
  let row = ids[token] - params.row_start; // below the part it wraps to a large number
  if (row >= params.rows) { return; }
  let scale = block_scale(row, quad / BLOCK_QUADS, quads / BLOCK_QUADS);
  x[token * quads + quad] = params.factor * (load_codes(row, quad, quads) * scale.x + scale.y);
}
