// Attention in training for hardware: packed-attention.wgsl by tiles (Dao et al. 2022, arXiv:2205.14135). A tile's rows
// are queries of one key head, with all heads of a token side by side; its columns are keys. Rows of several sequences
// take these one after the other. The tiles of a sequence begin where it does, so its sums are the same bits wherever
// it stands in the batch.
//: needs packed-attention-query-tiles.wgsl, packed-attention-tiles.wgsl, packed-attention-bindings.wgsl
//: needs WORKGROUP_SIZE, LANES, HEAD_QUADS, COLUMNS_PER_LANE
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;     // [T][H · d]
@group(0) @binding(5) var<storage, read_write> softmax: array<vec2f>; // [T][H], log of the denominator first

var<workgroup> lane_values: array<vec4f, 8 * LANES>; // [lane][row group]

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let heads_per_kv = params.heads / params.kv_heads;
  let first = workgroup_id.x * TILE_SIDE;
  let last = min(first + TILE_SIDE, state.count * heads_per_kv) - 1u;
  let row_group = local_index / LANES;
  let lane = local_index % LANES;
  let stride = token_quads();
  let key_offset = (params.heads + kv_head) * HEAD_QUADS;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  let value_offset = key_offset + params.kv_heads * HEAD_QUADS;

  let q = local_index % STEP;
  // the first quad of each query that this thread brings
  let query_$j = query_base(kv_head, min(first + brought(local_index, $ju), last)); //: for j in LOADS
  var tokens: vec4u;     // of the row group's queries
  var first_keys: vec4u; // the first token that each query sees
  //: for r in 4
  tokens[$r] = min(first + row_group + $ru * 8u, last) / heads_per_kv;
  first_keys[$r] = first_visible(tokens[$r], places[tokens[$r]].start);
  //: end
  var running_max = vec4f(-3.4e38);
  var denominator = vec4f(0.0); // of the lane's columns
  var sum_$s: array<vec4f, 4>; //: for s in QUADS_PER_LANE

  for (var token = first / heads_per_kv; token <= last / heads_per_kv; token = places[token].end) {
    let start = places[token].start;
    let end_key = min(places[token].end, last / heads_per_kv + 1u);
    let first_base = start + (first_visible(token, start) - start) / TILE_SIDE * TILE_SIDE;
    for (var base = first_base; base < end_key; base += TILE_SIDE) {
      let columns = min(base + TILE_SIDE, end_key) - base;
      var products = array<vec4f, COLUMNS_PER_LANE>();
      for (var quad = 0u; quad < params.quads; quad += STEP) {
        let step_quads = min(quad + STEP, params.quads) - quad;
        let at = min(quad + q, params.quads - 1u);
        //: for j in LOADS
        let n_$j = brought(local_index, $ju);
        store_row(q, n_$j, qkv[query_$j + at] * scale);
        store_column(q, n_$j, qkv[(base + min(n_$j, columns - 1u)) * stride + key_offset + at]);
        //: end
        workgroupBarrier();
        add_dot_products(row_group, lane, step_quads, &products);
        workgroupBarrier();
      }

      // the largest score of each row so far
      var new_max = running_max;
      //: for i in COLUMNS_PER_LANE
      let key_$i = base + lane + $iu * LANES;
      let visible_$i = (vec4u(key_$i) >= first_keys) & (vec4u(key_$i) <= tokens) & vec4<bool>(key_$i < end_key);
      new_max = select(new_max, max(new_max, products[$i]), visible_$i);
      //: end
      lane_values[lane * 8u + row_group] = new_max;
      workgroupBarrier();
      for (var other = 0u; other < LANES; other++) { new_max = max(new_max, lane_values[other * 8u + row_group]); }
      let rescale = exp(running_max - new_max);
      running_max = new_max;
      denominator *= rescale;
      //: for i in COLUMNS_PER_LANE
      let weight_$i = select(vec4f(0.0), exp(products[$i] - new_max), visible_$i);
      denominator += weight_$i;
      scores[lane + $iu * LANES][row_group] = weight_$i;
      //: end

      //: for s in QUADS_PER_LANE
      let value_$s = value_offset + min($su * LANES + lane, params.quads - 1u);
      //: for j in 4
      let column_$s_$j = row_group + $ju * 8u;
      store_weighed(lane, column_$s_$j, qkv[(base + min(column_$s_$j, columns - 1u)) * stride + value_$s]);
      //: end
      workgroupBarrier();
      sum_$s[$r] *= rescale[$r]; //: for r in 4
      add_weighted(row_group, lane, columns, &sum_$s);
      workgroupBarrier();
      //: end
    }
  }

  lane_values[lane * 8u + row_group] = denominator;
  workgroupBarrier();
  denominator = vec4f(0.0);
  for (var other = 0u; other < LANES; other++) { denominator += lane_values[other * 8u + row_group]; }
  //: for r in 4
  if (first + row_group + $ru * 8u <= last) {
    let n = query_index(kv_head, first + row_group + $ru * 8u);
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) { out[n * HEAD_QUADS + $su * LANES + lane] = sum_$s[$r] / denominator[$r]; }
    //: end
    if (lane == 0u) { softmax[n].x = running_max[$r] + log(denominator[$r]); }
  }
  //: end
}
