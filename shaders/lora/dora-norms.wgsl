// One over the norm of each row of W + scale · B · A, by which DoRA divides a row: a thread takes a row of one map, all
// of its quads. Rows of W may be some of a part's; B's and A's are the map's own among the stacked ones. A row of zeros
// gets 0.
//: needs block_scale, load_codes, BLOCK_QUADS, WORKGROUP_SIZE
struct Params {
  rows: u32,      // of the part that this dispatch goes over
  columns: u32,   // K, a multiple of 4
  rank: u32,
  first: u32,     // the first of them in the part
  first_b: u32,   // the same row among the stacked B's, and in `inverse`
  first_a: u32,   // the map's first row among the stacked A's
  scale: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // [J, K]
@group(0) @binding(2) var<storage, read> b: array<f32>;   // [M, R]
@group(0) @binding(3) var<storage, read_write> inverse: array<f32>; // [M]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) workgroup_id: vec3u,
  @builtin(num_workgroups) num_workgroups: vec3u,
  @builtin(local_invocation_index) local_index: u32,
) {
  let i = (workgroup_id.y * num_workgroups.x + workgroup_id.x) * WORKGROUP_SIZE + local_index;
  if (i >= params.rows) { return; }
  let quads = params.columns / 4u;
  let row = params.first + i;
  let at_b = (params.first_b + i) * params.rank;
  var squares = vec4f(0.0);
  for (var quad = 0u; quad < quads; quad++) {
    let scale = block_scale(row, quad / BLOCK_QUADS, quads / BLOCK_QUADS);
    var update = vec4f(0.0);
    for (var r = 0u; r < params.rank; r++) {
      update += b[at_b + r] * a[(params.first_a + r) * quads + quad];
    }
    let weight = load_codes(row, quad, quads) * scale.x + scale.y + params.scale * update;
    squares += weight * weight;
  }
  let sum = dot(squares, vec4f(1.0));
  inverse[params.first_b + i] = select(0.0, 1.0 / sqrt(sum), sum > 0.0);
}
