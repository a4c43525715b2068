// y += B·(A·x) of the batch's last token in one dispatch, for adapters in decode on hardware. Each workgroup computes
// A·x anew, which costs less than another dispatch where A is small; then each thread computes a row of B. NORM applies
// RMSNorm to x first. With GATED, the rows of B are those of gate, then those of up, and y = f(gate) · up of the
// updated values.
//: needs State, Input, Output, MOST_QUADS, activate
struct Params {
  columns: u32,    // K, a multiple of 4
  rank_quads: u32, // J / 4, at most MOST_QUADS
  outputs: u32,    // N, or half of B's rows where they are gated
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<vec4<Input>>; // [T, K]
@group(0) @binding(3) var<storage, read> gain: array<vec4f>; // [K]
@group(0) @binding(4) var<storage, read> a: array<vec4f>; // [J, K]
@group(0) @binding(5) var<storage, read> b: array<vec4f>; // [N, J]
@group(0) @binding(6) var<storage, read_write> y: array<Output>; // [N]
//: if GATED
@group(0) @binding(7) var<storage, read> gate_up: array<Output>; // [2N]
//: end

override NORM: bool = false;

const THREADS = 256u;
const LANES = 32u;
const TEAMS = THREADS / LANES;
var<workgroup> partials: array<vec4f, MOST_QUADS * LANES>;
var<workgroup> squares: array<f32, LANES>;
var<workgroup> low: array<vec4f, MOST_QUADS>; // A·x

fn add_low(row: u32) -> f32 {
  var sum = 0.0;
  for (var q = 0u; q < params.rank_quads; q++) { sum += dot(b[row * params.rank_quads + q], low[q]); }
  return sum;
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = thread % LANES;
  let quads = params.columns / 4u;
  let begin = (state.count - 1u) * quads;
  for (var four = thread / LANES; four < params.rank_quads; four += TEAMS) {
    let row = 4u * four * quads;
    var sums = vec4f();
    var own = 0.0;
    for (var q = lane; q < quads; q += LANES) {
      var in = vec4f(x[begin + q]);
      if (NORM) {
        own += dot(in, in);
        in *= gain[q];
      }
      sums.x += dot(a[row + q], in);
      sums.y += dot(a[row + quads + q], in);
      sums.z += dot(a[row + 2u * quads + q], in);
      sums.w += dot(a[row + 3u * quads + q], in);
    }
    partials[four * LANES + lane] = sums;
    if (four == 0u) { squares[lane] = own; }
  }
  workgroupBarrier();
  if (thread < params.rank_quads) {
    var sum = vec4f();
    var all = 0.0;
    for (var i = 0u; i < LANES; i++) {
      sum += partials[thread * LANES + i];
      all += squares[i];
    }
    low[thread] = sum * select(1.0, 1.0 / sqrt(all / f32(params.columns) + params.epsilon), NORM);
  }
  workgroupBarrier();
  let row = group.x * THREADS + thread;
  if (row >= params.outputs) { return; }
  //: if GATED
  let gate = f32(gate_up[row]) + add_low(row);
  let up = f32(gate_up[params.outputs + row]) + add_low(params.outputs + row);
  y[row] = Output(activate(gate) * up);
  //: else
  y[row] = Output(f32(y[row]) + add_low(row));
  //: end
}
