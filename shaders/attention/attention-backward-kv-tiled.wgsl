// The same as attention-backward-kv.wgsl by tiles: rows are keys, and columns are the queries of their key head, all heads of a token
// side by side, from the first row's token to the last that sees the last row.
//: needs attention-tiles.wgsl, attention-packed-bindings.wgsl, attention-backward-bindings.wgsl, WORKGROUP_SIZE, LANES
//: needs HEAD_QUADS, COLUMNS_PER_LANE
var<workgroup> column_token: array<u32, TILE_SIDE>;
var<workgroup> column_head: array<u32, TILE_SIDE>; // t · H + h

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let group = params.heads / params.kv_heads;
  let first = workgroup_id.x * TILE_SIDE;
  let last = min(first + TILE_SIDE, state.count) - 1u;
  let rows = last - first + 1u;
  let team = local_index / LANES;
  let lane = local_index % LANES;
  let width = token_quads();
  let key_at = (params.heads + kv_head) * HEAD_QUADS;
  let value_at = key_at + params.kv_heads * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));

  var keys: vec4u;  // tokens of the team's rows
  var until: vec4u; // after the last token that sees each
  //: for r in 4
  keys[$r] = min(first + team * 4u + $ru, last);
  until[$r] = visible_end(keys[$r], places[keys[$r]].end);
  //: end
  //: for s in QUADS_PER_LANE
  var d_key_$s: array<vec4f, 4>;
  var d_value_$s: array<vec4f, 4>;
  //: end

  let count = visible_end(last, places[last].end) * group;
  for (var base = first * group; base < count; base += TILE_SIDE) {
    let columns = min(base + TILE_SIDE, count) - base;
    if (local_index < columns) {
      let n = base + local_index;
      column_token[local_index] = n / group;
      column_head[local_index] = n / group * params.heads + kv_head * group + n % group;
    }
    workgroupBarrier();
    var products = array<vec4f, COLUMNS_PER_LANE>();
    var d_weights = array<vec4f, COLUMNS_PER_LANE>();
    for (var quad = 0u; quad < params.quads; quad += STEP) {
      let here = min(quad + STEP, params.quads) - quad;
      let q = local_index % STEP;
      if (q < here) {
        for (var n = local_index / STEP; n < rows; n += WORKGROUP_SIZE / STEP) {
          tiles[q * PITCH + n] = qkv[(first + n) * width + key_at + quad + q] * scale;
        }
        for (var n = local_index / STEP; n < columns; n += WORKGROUP_SIZE / STEP) {
          tiles[(STEP + q) * PITCH + n] = qkv[query_at(n) + quad + q];
        }
      }
      workgroupBarrier();
      add_dot_products(team, lane, here, &products);
      workgroupBarrier();
      if (q < here) {
        for (var n = local_index / STEP; n < rows; n += WORKGROUP_SIZE / STEP) {
          tiles[q * PITCH + n] = qkv[(first + n) * width + value_at + quad + q];
        }
        for (var n = local_index / STEP; n < columns; n += WORKGROUP_SIZE / STEP) {
          tiles[(STEP + q) * PITCH + n] = d_out[column_head[n] * HEAD_QUADS + quad + q];
        }
      }
      workgroupBarrier();
      add_dot_products(team, lane, here, &d_weights);
      workgroupBarrier();
    }

    //: for i in COLUMNS_PER_LANE
    let column_$i = lane + $iu * LANES;
    let token_$i = column_token[column_$i];
    let head_$i = column_head[column_$i];
    let visible_$i = (vec4u(token_$i) >= keys) & (vec4u(token_$i) < until);
    let weight_$i = select(vec4f(0.0), exp(products[$i] - lse[head_$i]), visible_$i);
    let d_score_$i = weight_$i * (d_weights[$i] - delta[head_$i]);
    scores[team * TILE_SIDE + column_$i] = weight_$i;
    //: end
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      for (var n = team; n < columns; n += 8u) { tiles[n * LANES + lane] = d_out[column_head[n] * HEAD_QUADS + $su * LANES + lane]; }
    }
    workgroupBarrier();
    add_weighted(team, lane, columns, &d_value_$s);
    workgroupBarrier();
    //: end

    scores[team * TILE_SIDE + column_$i] = d_score_$i; //: for i in COLUMNS_PER_LANE
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      for (var n = team; n < columns; n += 8u) { tiles[n * LANES + lane] = qkv[query_at(n) + $su * LANES + lane]; }
    }
    workgroupBarrier();
    add_weighted(team, lane, columns, &d_key_$s);
    workgroupBarrier();
    //: end
  }

  //: for r in 4
  if (first + team * 4u + $ru <= last) {
    let at = keys[$r] * width + lane;
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      d_qkv[at + key_at + $su * LANES] = d_key_$s[$r] * scale;
      d_qkv[at + value_at + $su * LANES] = d_value_$s[$r];
    }
    //: end
  }
  //: end
}

/// Where a column's query is in qkv.
fn query_at(column: u32) -> u32 {
  let head = column_head[column];
  return (head + column_token[column] * 2u * params.kv_heads) * HEAD_QUADS;
}
