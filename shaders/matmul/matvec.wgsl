// y[t, n] = Σ_k w[n, k] · x[t, k], as dot products along the row: ROWS rows and TOKENS tokens a thread group of LANES.
// LANES = 1 is one thread alone, without barriers, for software adapters; more lanes share a row and reduce.
// UNROLLED takes a block as whole vectors, for hardware; LOOPED takes it quad by quad: a tenth of the code to compile.
// NORM folds RMSNorm in without a prologue: Σx² is accumulated beside Σ w·x·gain, and 1/rms multiplies the end.
struct Params {
  rows: u32,       // of this part of the matrix
  columns: u32,    // K, a multiple of 4; of 32 for block kinds
  row_start: u32,  // of this part in the output
  out_stride: u32, // elements of an output row
  half: u32,       // rows of the gate: up's row is this much further (SWIGLU)
  last_only: u32,  // 1: only the batch's last token, written as row 0
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> x: array<vec4<In>>;
@group(0) @binding(3) var<storage, read> gain: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<Out>;

override NORM: bool = false;
override RESIDUAL: bool = false;
override SWIGLU: bool = false;

fn row_of(group: u32, r: u32) -> u32 {
  const HALF = ROWS / 2u;
  let paired = group * HALF + r % HALF + params.half * (r / HALF);
  return min(select(group * ROWS + r, paired, SWIGLU), params.rows - 1u);
}

fn store(token: u32, row: u32, value: f32) {
  let i = token * params.out_stride + params.row_start + row;
  if (RESIDUAL) { y[i] = Out(f32(y[i]) + value); } else { y[i] = Out(value); }
}

fn swiglu(gate: f32, up: f32) -> f32 { return gate / (1.0 + exp(-gate)) * up; }

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let group = workgroup.x * (WORKGROUP / LANES) + local / LANES;
  let lane = local % LANES;
  let last = state.count - 1u;
  let first = select(workgroup.y * TOKENS, last, params.last_only == 1u);
  let quads = params.columns / 4u;
  let blocks = quads / BLOCK_QUADS;

  //: for r in ROWS
  let row_$r = row_of(group, $ru);
  //: end r
  //: for t in TOKENS
  let x_$t = min(first + $tu, last) * quads;
  var squares_$t = 0.0;
  //: for r in ROWS
  var sum_$r_$t = 0.0;
  //: end r
  //: end t

  for (var block = lane; block < blocks; block += LANES) {
    let quad = block * BLOCK_QUADS;
    //: for u in UNROLLED
    //: for q in BLOCK_QUADS
    //: for t in TOKENS
    var in_$q_$t = vec4f(x[x_$t + quad + $qu]);
    //: end t
    if (NORM) {
      let g = gain[quad + $qu];
      //: for t in TOKENS
      squares_$t += dot(in_$q_$t, in_$q_$t);
      in_$q_$t *= g;
      //: end t
    }
    //: end q
    //: for r in ROWS
    {
      let w = load_block(row_$r, block, blocks);
      //: for t in TOKENS
      var part_$t = 0.0;
      //: end t
      //: for q in BLOCK_QUADS
      {
        let weights = quad_$q(w);
        //: for t in TOKENS
        part_$t += dot(weights, in_$q_$t);
        //: end t
      }
      //: end q
      let scale = block_scale(row_$r, block, blocks);
      //: for t in TOKENS
      sum_$r_$t += scale * part_$t;
      //: end t
    }
    //: end r
    //: end u
    //: for l in LOOPED
    //: for r in ROWS
    //: for t in TOKENS
    var part_$r_$t = 0.0;
    //: end t
    //: end r
    for (var q = quad; q < quad + BLOCK_QUADS; q++) {
      //: for t in TOKENS
      var in_$t = vec4f(x[x_$t + q]);
      if (NORM) {
        squares_$t += dot(in_$t, in_$t);
        in_$t *= gain[q];
      }
      //: end t
      //: for r in ROWS
      let weights_$r = codes_at(row_$r, q, quads);
      //: for t in TOKENS
      part_$r_$t += dot(weights_$r, in_$t);
      //: end t
      //: end r
    }
    //: for r in ROWS
    let scale_$r = block_scale(row_$r, block, blocks);
    //: for t in TOKENS
    sum_$r_$t += scale_$r * part_$r_$t;
    //: end t
    //: end r
    //: end l
  }

  //: for i in SHARED
  // lanes of one workgroup: each leaves its partial sums, and one lane per sum adds them up
  //: for t in TOKENS
  leave(ROWS * TOKENS + $tu, lane, squares_$t);
  //: for r in ROWS
  leave($ru * TOKENS + $tu, lane, sum_$r_$t);
  //: end r
  //: end t
  workgroupBarrier();
  let left = parts();
  for (var v = lane; v < SUMS; v += LANES) {
    var total = 0.0;
    for (var i = 0u; i < left; i++) { total += partial_sums[v * LANES + i]; }
    sums[v] = total;
  }
  workgroupBarrier();
  if (lane != 0u) { return; }
  //: for t in TOKENS
  squares_$t = sums[ROWS * TOKENS + $tu];
  //: for r in ROWS
  sum_$r_$t = sums[$ru * TOKENS + $tu];
  //: end r
  //: end t
  //: end i

  //: for t in TOKENS
  if (first + $tu <= last) {
    let token = select(first + $tu, 0u, params.last_only == 1u);
    let scale = select(1.0, 1.0 / sqrt(squares_$t / f32(params.columns) + params.epsilon), NORM);
    var out: array<f32, ROWS>;
    //: for r in ROWS
    out[$r] = sum_$r_$t * scale;
    //: end r
    if (SWIGLU) {
      const HALF = ROWS / 2u;
      for (var r = 0u; r < HALF; r++) {
        let row = group * HALF + r;
        if (row < params.half) { store(token, row, swiglu(out[r], out[r + HALF])); }
      }
    } else {
      for (var r = 0u; r < ROWS; r++) {
        let row = group * ROWS + r;
        if (row < params.rows) { store(token, row, out[r]); }
      }
    }
  }
  //: end t
}
