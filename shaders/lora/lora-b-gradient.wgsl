// db[i, r] += scale · Σ_t dy[t, out(i)] · u[t, j]. A thread takes ROWS rows of one map's B, a span apart, and RANKS columns of
// it; LANES threads share the tokens of the same ones.
//: needs lora-bindings.wgsl, WORKGROUP, LANES, ROWS, RANKS
//: if SHARED
//: needs leave, total, SUMS
//: end
const SPAN = WORKGROUP / LANES;
@group(0) @binding(2) var<storage, read> dy: array<f32>;       // [T, stride]
@group(0) @binding(3) var<storage, read> u: array<f32>;        // [T, J]
@group(0) @binding(4) var<storage, read_write> db: array<f32>; // [M, R]

fn store(map: u32, row: u32, r: u32, sum: f32) {
  let i = params.begin[map] + row;
  if (i < params.begin[map + 1u] && r < params.rank) { db[i * params.rank + r] += params.scale * sum; }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = local / SPAN;
  let base = workgroup.x * SPAN * ROWS;
  let rank = workgroup.y * RANKS;
  let map = workgroup.z;
  let rows = params.begin[map + 1u] - params.begin[map];
  if (base >= rows) { return; }
  //: for i in ROWS
  let row_$i = base + $iu * SPAN + local % SPAN;
  let dy_$i = params.first[map] + min(row_$i, rows - 1u);
  //: for r in RANKS
  var sum_$i_$r = 0.0;
  //: end
  //: end
  //: for r in RANKS
  let u_$r = map * params.rank + within(rank + $ru);
  //: end

  for (var t = lane; t < state.count; t += LANES) {
    //: for i in ROWS
    let out_$i = dy[t * params.stride + dy_$i];
    //: end
    //: for r in RANKS
    let in_$r = u[t * stacked() + u_$r];
    //: for i in ROWS
    sum_$i_$r += out_$i * in_$r;
    //: end
    //: end
  }

  //: if SHARED
  //: for i in ROWS
  //: for r in RANKS
  leave(lane, ($iu * RANKS + $ru) * SPAN + local % SPAN, sum_$i_$r);
  //: end
  //: end
  workgroupBarrier();
  for (var n = local; n < SUMS; n += WORKGROUP) {
    let tile = n / SPAN;
    store(map, base + tile / RANKS * SPAN + n % SPAN, rank + tile % RANKS, total(n));
  }
  //: else
  //: for i in ROWS
  //: for r in RANKS
  store(map, row_$i, rank + $ru, sum_$i_$r);
  //: end
  //: end
  //: end
}
