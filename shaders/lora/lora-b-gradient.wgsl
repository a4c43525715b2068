// The gradient of B: db[i, r] += scale · Σ_t dy[t, out(i)] · u[t, j]. A thread takes TILE_M rows of one map's B, SPAN
// rows apart, and TILE_R of its columns. TOKEN_LANES threads share the tokens of the same elements.
//: needs lora-output-backward.wgsl, lora-bindings.wgsl, WORKGROUP_SIZE, TOKEN_LANES, TILE_M, TILE_R
//: if SHARED
//: needs store_partial_sum, sum_partials
//: end
const SPAN = WORKGROUP_SIZE / TOKEN_LANES;
const ELEMENTS = SPAN * TILE_M * TILE_R;

fn store_db(map: u32, row: u32, r: u32, sum: f32) {
  let i = params.begin[map] + row;
  if (i < params.begin[map + 1u] && r < params.rank) { db[i * params.rank + r] += params.scale * sum; }
}

fn gradient_of_b(group: u32, local_index: u32) {
  let lane = local_index / SPAN;
  let map = group % params.maps;
  let tile = group / params.maps;
  let first_rank = tile % rank_tiles() * TILE_R;
  let base = tile / rank_tiles() * SPAN * TILE_M;
  let rows = params.begin[map + 1u] - params.begin[map];
  if (base >= rows) { return; }
  //: for i in TILE_M
  let row_$i = base + $iu * SPAN + local_index % SPAN;
  let dy_$i = params.first[map] + min(row_$i, rows - 1u);
  var sum_$i_$r = 0.0; //: for r in TILE_R
  //: end
  let u_$r = map * params.rank + clamp_rank(first_rank + $ru); //: for r in TILE_R

  for (var t = lane; t < state.count; t += TOKEN_LANES) {
    let out_$i = dy[t * params.stride + dy_$i]; //: for i in TILE_M
    //: for r in TILE_R
    let in_$r = u[t * stacked_ranks() + u_$r];
    sum_$i_$r += out_$i * in_$r; //: for i in TILE_M
    //: end
  }

  //: if SHARED
  let n = local_index % SPAN;
  store_partial_sum(ELEMENTS, ($iu * TILE_R + $ru) * SPAN + n, lane, sum_$i_$r); //: for i in TILE_M, r in TILE_R
  workgroupBarrier();
  for (var i = local_index; i < ELEMENTS; i += WORKGROUP_SIZE) {
    let element = i / SPAN;
    let row = base + element / TILE_R * SPAN + i % SPAN;
    store_db(map, row, first_rank + element % TILE_R, sum_partials(ELEMENTS, TOKEN_LANES, i));
  }
  //: else
  store_db(map, row_$i, first_rank + $ru, sum_$i_$r); //: for i in TILE_M, r in TILE_R
  //: end
}
