// The gradients of k and v for hardware: packed-attention-backward-kv.wgsl by tiles. A tile's rows are keys of one key
// head. Its columns are queries that share this head, with all heads of a token side by side; they run from the first
// row's token to the last token that sees the last row.
//: needs packed-attention-tiles.wgsl, packed-attention-bindings.wgsl, packed-attention-backward-bindings.wgsl
//: needs WORKGROUP_SIZE, LANES, HEAD_QUADS, COLUMNS_PER_LANE
@group(0) @binding(6) var<storage, read> softmax: array<vec2f>; // [T][H] of the denominator's log and delta
var<workgroup> column_token: array<u32, TILE_SIDE>;
var<workgroup> column_head: array<u32, TILE_SIDE>; // t · H + h

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let heads_per_kv = params.heads / params.kv_heads;
  let first = workgroup_id.x * TILE_SIDE;
  let last = min(first + TILE_SIDE, state.count) - 1u;
  let row_group = local_index / LANES;
  let lane = local_index % LANES;
  let stride = token_quads();
  let key_offset = (params.heads + kv_head) * HEAD_QUADS;
  let value_offset = key_offset + params.kv_heads * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));

  let q = local_index % STEP;
  // the first quad of each key that this thread brings
  let brought_$j = min(first + brought(local_index, $ju), last) * stride; //: for j in LOADS
  var keys: vec4u;       // tokens of the row group
  var query_ends: vec4u; // one past the last token that sees each key
  //: for r in 4
  keys[$r] = min(first + row_group + $ru * 8u, last);
  query_ends[$r] = visible_end(keys[$r], places[keys[$r]].end);
  //: end
  //: for s in QUADS_PER_LANE
  var d_key_$s: array<vec4f, 4>;
  var d_value_$s: array<vec4f, 4>;
  //: end

  let count = visible_end(last, places[last].end) * heads_per_kv;
  for (var base = first * heads_per_kv; base < count; base += TILE_SIDE) {
    let columns = min(base + TILE_SIDE, count) - base;
    if (local_index < TILE_SIDE) {
      let n = base + min(local_index, columns - 1u);
      column_token[local_index] = n / heads_per_kv;
      column_head[local_index] = n / heads_per_kv * params.heads + kv_head * heads_per_kv + n % heads_per_kv;
    }
    workgroupBarrier();
    var products = array<vec4f, COLUMNS_PER_LANE>();
    var d_weights = array<vec4f, COLUMNS_PER_LANE>();
    for (var quad = 0u; quad < params.quads; quad += STEP) {
      let step_quads = min(quad + STEP, params.quads) - quad;
      let at = min(quad + q, params.quads - 1u);
      //: for j in LOADS
      let n_$j = brought(local_index, $ju);
      store_row(q, n_$j, qkv[brought_$j + key_offset + at] * scale);
      store_column(q, n_$j, qkv[query_base(n_$j) + at]);
      //: end
      workgroupBarrier();
      add_dot_products(row_group, lane, step_quads, &products);
      workgroupBarrier();
      //: for j in LOADS
      store_row(q, n_$j, qkv[brought_$j + value_offset + at]);
      store_column(q, n_$j, d_out[column_head[n_$j] * HEAD_QUADS + at]);
      //: end
      workgroupBarrier();
      add_dot_products(row_group, lane, step_quads, &d_weights);
      workgroupBarrier();
    }

    //: for i in COLUMNS_PER_LANE
    let column_$i = lane + $iu * LANES;
    let token_$i = column_token[column_$i];
    let head_$i = column_head[column_$i];
    let visible_$i = (vec4u(token_$i) >= keys) & (vec4u(token_$i) < query_ends);
    let row_$i = softmax[head_$i];
    let weight_$i = select(vec4f(0.0), exp(products[$i] - row_$i.x), visible_$i);
    let d_score_$i = weight_$i * (d_weights[$i] - row_$i.y);
    scores[column_$i][row_group] = weight_$i;
    //: end
    //: for s in QUADS_PER_LANE
    let part_$s = min($su * LANES + lane, params.quads - 1u);
    //: for j in 4
    let n_$s_$j = row_group + $ju * 8u;
    store_weighed(lane, n_$s_$j, d_out[column_head[n_$s_$j] * HEAD_QUADS + part_$s]);
    //: end
    workgroupBarrier();
    add_weighted(row_group, lane, columns, &d_value_$s);
    workgroupBarrier();
    //: end

    scores[column_$i][row_group] = d_score_$i; //: for i in COLUMNS_PER_LANE
    //: for s in QUADS_PER_LANE
    store_weighed(lane, n_$s_$j, qkv[query_base(n_$s_$j) + part_$s]); //: for j in 4
    workgroupBarrier();
    add_weighted(row_group, lane, columns, &d_key_$s);
    workgroupBarrier();
    //: end
  }

  //: for r in 4
  if (first + row_group + $ru * 8u <= last) {
    let row_base = keys[$r] * stride + lane;
    let position = places[keys[$r]].position;
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      let quad = $su * LANES + lane;
      d_qkv[row_base + key_offset + $su * LANES] = turned_back(position, quad, d_key_$s[$r] * scale);
      d_qkv[row_base + value_offset + $su * LANES] = d_value_$s[$r];
    }
    //: end
  }
  //: end
}

/// The quad of qkv where a column's query begins.
fn query_base(column: u32) -> u32 {
  let head = column_head[column];
  return (head + column_token[column] * 2u * params.kv_heads) * HEAD_QUADS;
}
