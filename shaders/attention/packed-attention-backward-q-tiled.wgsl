// The gradient of q for hardware: packed-attention-backward-q.wgsl by tiles. A tile's rows are queries of one key head,
// with all heads of a token side by side. Its columns are keys, from the first one that the first row sees to the last
// row's token.
//: needs packed-attention-query-tiles.wgsl, packed-attention-tiles.wgsl, packed-attention-bindings.wgsl
//: needs packed-attention-backward-bindings.wgsl, WORKGROUP_SIZE, LANES, HEAD_QUADS, COLUMNS_PER_LANE
@group(0) @binding(5) var<storage, read> out: array<vec4f>;           // [T][H · d]
@group(0) @binding(6) var<storage, read_write> softmax: array<vec2f>; // [T][H] of the denominator's log and delta

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let heads_per_kv = params.heads / params.kv_heads;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  let first = workgroup_id.x * TILE_SIDE;
  let last = min(first + TILE_SIDE, state.count * heads_per_kv) - 1u;
  let row_group = local_index / LANES;
  let lane = local_index % LANES;
  let stride = token_quads();
  let key_offset = (params.heads + kv_head) * HEAD_QUADS;
  let value_offset = key_offset + params.kv_heads * HEAD_QUADS;

  let q = local_index % STEP;
  // the first quad of each row that this thread brings
  //: for j in LOADS
  let brought_$j = min(first + brought(local_index, $ju), last);
  let query_$j = query_base(kv_head, brought_$j);
  let out_$j = query_index(kv_head, brought_$j) * HEAD_QUADS;
  //: end
  var tokens: vec4u;     // of the row group's queries
  var first_keys: vec4u; // the first token that each query sees
  var row_lse: vec4f;
  var row_delta: vec4f;
  var row_index: vec4u; // t · H + h
  //: for r in 4
  let n_$r = min(first + row_group + $ru * 8u, last);
  tokens[$r] = n_$r / heads_per_kv;
  first_keys[$r] = first_visible(tokens[$r], places[tokens[$r]].start);
  row_index[$r] = query_index(kv_head, n_$r);
  row_lse[$r] = softmax[row_index[$r]].x;
  //: for s in QUADS_PER_LANE
  if ($su * LANES + lane < params.quads) {
    let i = row_index[$r] * HEAD_QUADS + $su * LANES + lane;
    row_delta[$r] += dot(d_out[i], out[i]);
  }
  //: end
  //: end
  var sum_$s: array<vec4f, 4>; //: for s in QUADS_PER_LANE
  scores[lane][row_group] = row_delta;
  workgroupBarrier();
  row_delta = vec4f(0.0);
  for (var other = 0u; other < LANES; other++) { row_delta += scores[other][row_group]; }
  workgroupBarrier();

  let end_key = last / heads_per_kv + 1u;
  let first_token = first / heads_per_kv;
  for (var base = first_visible(first_token, places[first_token].start); base < end_key; base += TILE_SIDE) {
    let columns = min(base + TILE_SIDE, end_key) - base;
    var products = array<vec4f, COLUMNS_PER_LANE>();
    var d_weights = array<vec4f, COLUMNS_PER_LANE>();
    for (var quad = 0u; quad < params.quads; quad += STEP) {
      let step_quads = min(quad + STEP, params.quads) - quad;
      let at = min(quad + q, params.quads - 1u);
      //: for j in LOADS
      let n_$j = brought(local_index, $ju);
      let key_base_$j = (base + min(n_$j, columns - 1u)) * stride + at;
      store_row(q, n_$j, qkv[query_$j + at] * scale);
      store_column(q, n_$j, qkv[key_base_$j + key_offset]);
      //: end
      workgroupBarrier();
      add_dot_products(row_group, lane, step_quads, &products);
      workgroupBarrier();
      //: for j in LOADS
      store_row(q, n_$j, d_out[out_$j + at]);
      store_column(q, n_$j, qkv[key_base_$j + value_offset]);
      //: end
      workgroupBarrier();
      add_dot_products(row_group, lane, step_quads, &d_weights);
      workgroupBarrier();
    }

    //: for i in COLUMNS_PER_LANE
    let key_$i = base + lane + $iu * LANES;
    let visible_$i = (vec4u(key_$i) >= first_keys) & (vec4u(key_$i) <= tokens);
    let d_score_$i = exp(products[$i] - row_lse) * (d_weights[$i] - row_delta);
    scores[lane + $iu * LANES][row_group] = select(vec4f(0.0), d_score_$i, visible_$i);
    //: end

    //: for s in QUADS_PER_LANE
    let part_$s = key_offset + min($su * LANES + lane, params.quads - 1u);
    //: for j in 4
    let column_$s_$j = row_group + $ju * 8u;
    store_weighed(lane, column_$s_$j, qkv[(base + min(column_$s_$j, columns - 1u)) * stride + part_$s]);
    //: end
    workgroupBarrier();
    add_weighted(row_group, lane, columns, &sum_$s);
    workgroupBarrier();
    //: end
  }

  //: for r in 4
  if (first + row_group + $ru * 8u <= last) {
    let row_base = query_base(kv_head, first + row_group + $ru * 8u);
    let position = places[tokens[$r]].position;
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      let quad = $su * LANES + lane;
      d_qkv[row_base + quad] = turned_back(position, quad, sum_$s[$r] * scale);
    }
    //: end
    if (lane == 0u) { softmax[row_index[$r]].y = row_delta[$r]; }
  }
  //: end
}
