// The gradient of u through B: v[t, j] = scale · Σ_i dy[t, out(i)] · b[i, r] over the rows i of j's map. LANES threads
// take TILE_R columns of a map's B and TILE_N tokens, as in lora-down.wgsl.
//: needs lora-output-backward.wgsl, lora-bindings.wgsl, WORKGROUP_SIZE, LANES, TILE_N, TILE_R
//: if SHARED
//: needs store_partial_sum, sum_partials
//: end
const DOTS = TILE_N * TILE_R;

/// Groups of tokens that a workgroup takes.
fn token_groups() -> u32 {
  const TOKENS = TILE_N * (WORKGROUP_SIZE / LANES);
  return (state.count + TOKENS - 1u) / TOKENS;
}
/// Workgroups for all of v.
fn v_groups() -> u32 { return token_groups() * rank_tiles() * params.maps; }

fn store_v(map: u32, token: u32, r: u32, sum: f32) {
  if (token < state.count && r < params.rank) {
    v[token * stacked_ranks() + map * params.rank + r] = params.scale * sum;
  }
}

fn gradient_of_u(group: u32, local_index: u32) {
  let lane = local_index % LANES;
  let first_token = (group % token_groups() * (WORKGROUP_SIZE / LANES) + local_index / LANES) * TILE_N;
  let tile = group / token_groups();
  let first_rank = tile % rank_tiles() * TILE_R;
  let map = tile / rank_tiles();
  let begin = params.begin[map];
  let rows = params.begin[map + 1u] - begin;
  //: for t in TILE_N
  let dy_$t = min(first_token + $tu, state.count - 1u) * params.stride + params.first[map];
  var sum_$r_$t = 0.0; //: for r in TILE_R
  //: end
  let b_$r = begin * params.rank + clamp_rank(first_rank + $ru); //: for r in TILE_R

  for (var i = lane; i < rows; i += LANES) {
    let in_$t = dy[dy_$t + i]; //: for t in TILE_N
    //: for r in TILE_R
    let weight_$r = b[b_$r + i * params.rank];
    sum_$r_$t += weight_$r * in_$t; //: for t in TILE_N
    //: end
  }

  //: if SHARED
  store_partial_sum(DOTS, $ru * TILE_N + $tu, lane, sum_$r_$t); //: for t in TILE_N, r in TILE_R
  workgroupBarrier();
  for (var i = lane; i < DOTS; i += LANES) {
    store_v(map, first_token + i % TILE_N, first_rank + i / TILE_N, sum_partials(DOTS, LANES, i));
  }
  //: else
  store_v(map, first_token + $tu, first_rank + $ru, sum_$r_$t); //: for t in TILE_N, r in TILE_R
  //: end
}
