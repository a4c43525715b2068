// The same as attention-backward-q.wgsl by tiles: rows are the queries of one key head, all heads of a token side by side, and columns
// are keys, from the first that the first row sees to the last row's token.
//: needs attention-tiles.wgsl, attention-packed-bindings.wgsl, attention-backward-bindings.wgsl, WORKGROUP_SIZE, LANES
//: needs HEAD_QUADS, COLUMNS_PER_LANE
var<workgroup> q_at: array<u32, TILE_SIDE>;   // of each row in qkv
var<workgroup> out_at: array<u32, TILE_SIDE>; // and in d_out

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let group = params.heads / params.kv_heads;
  let first = workgroup_id.x * TILE_SIDE;
  let last = min(first + TILE_SIDE, state.count * group) - 1u;
  let rows = last - first + 1u;
  let team = local_index / LANES;
  let lane = local_index % LANES;
  let width = token_quads();
  let key_at = (params.heads + kv_head) * HEAD_QUADS;
  let value_at = key_at + params.kv_heads * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));

  if (local_index < rows) {
    let n = first + local_index;
    let head = kv_head * group + n % group;
    q_at[local_index] = n / group * width + head * HEAD_QUADS;
    out_at[local_index] = (n / group * params.heads + head) * HEAD_QUADS;
  }
  var tokens: vec4u; // of the team's rows
  var seen: vec4u;   // the first token that each sees
  var own_lse: vec4f;
  var own_delta: vec4f;
  //: for r in 4
  let n_$r = min(first + team * 4u + $ru, last);
  tokens[$r] = n_$r / group;
  seen[$r] = first_visible(tokens[$r], places[tokens[$r]].start);
  own_lse[$r] = lse[tokens[$r] * params.heads + kv_head * group + n_$r % group];
  own_delta[$r] = delta[tokens[$r] * params.heads + kv_head * group + n_$r % group];
  //: end
  var sum_$s: array<vec4f, 4>; //: for s in QUADS_PER_LANE
  workgroupBarrier();

  let until = last / group + 1u;
  for (var base = first_visible(first / group, places[first / group].start); base < until; base += TILE_SIDE) {
    let columns = min(base + TILE_SIDE, until) - base;
    var products = array<vec4f, COLUMNS_PER_LANE>();
    var d_weights = array<vec4f, COLUMNS_PER_LANE>();
    for (var quad = 0u; quad < params.quads; quad += STEP) {
      let here = min(quad + STEP, params.quads) - quad;
      let q = local_index % STEP;
      if (q < here) {
        for (var n = local_index / STEP; n < rows; n += WORKGROUP_SIZE / STEP) {
          tiles[q * PITCH + n] = qkv[q_at[n] + quad + q] * scale;
        }
        for (var n = local_index / STEP; n < columns; n += WORKGROUP_SIZE / STEP) {
          tiles[(STEP + q) * PITCH + n] = qkv[(base + n) * width + key_at + quad + q];
        }
      }
      workgroupBarrier();
      add_dot_products(team, lane, here, &products);
      workgroupBarrier();
      if (q < here) {
        for (var n = local_index / STEP; n < rows; n += WORKGROUP_SIZE / STEP) {
          tiles[q * PITCH + n] = d_out[out_at[n] + quad + q];
        }
        for (var n = local_index / STEP; n < columns; n += WORKGROUP_SIZE / STEP) {
          tiles[(STEP + q) * PITCH + n] = qkv[(base + n) * width + value_at + quad + q];
        }
      }
      workgroupBarrier();
      add_dot_products(team, lane, here, &d_weights);
      workgroupBarrier();
    }

    //: for i in COLUMNS_PER_LANE
    let key_$i = base + lane + $iu * LANES;
    let visible_$i = (vec4u(key_$i) >= seen) & (vec4u(key_$i) <= tokens);
    let d_score_$i = exp(products[$i] - own_lse) * (d_weights[$i] - own_delta);
    scores[team * TILE_SIDE + lane + $iu * LANES] = select(vec4f(0.0), d_score_$i, visible_$i);
    //: end

    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      for (var n = team; n < columns; n += 8u) {
        tiles[n * LANES + lane] = qkv[(base + n) * width + key_at + $su * LANES + lane];
      }
    }
    workgroupBarrier();
    add_weighted(team, lane, columns, &sum_$s);
    workgroupBarrier();
    //: end
  }

  //: for r in 4
  if (first + team * 4u + $ru <= last) {
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) { d_qkv[q_at[team * 4u + $ru] + $su * LANES + lane] = sum_$s[$r] * scale; }
    //: end
  }
  //: end
}
