// The gradient of q for hardware: packed-attention-backward-q.wgsl by tiles. A tile's rows are queries of one key head,
// with all heads of a token side by side. Its columns are keys, from the first one that the first row sees to the last
// row's token.
//: needs packed-attention-query-tiles.wgsl, packed-attention-tiles.wgsl, packed-attention-bindings.wgsl
//: needs packed-attention-backward-bindings.wgsl, WORKGROUP_SIZE, LANES, HEAD_QUADS, COLUMNS_PER_LANE
@group(0) @binding(5) var<storage, read> out: array<vec4f>;           // [T][H · d]
@group(0) @binding(6) var<storage, read_write> softmax: array<vec2f>; // [T][H] of the denominator's log and delta
var<workgroup> out_base: array<u32, TILE_SIDE>; // of each row, in d_out

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let kv_head = workgroup_id.y;
  let heads_per_kv = params.heads / params.kv_heads;
  let scale = inverseSqrt(f32(4u * HEAD_QUADS));
  let first = workgroup_id.x * TILE_SIDE;
  let last = min(first + TILE_SIDE, state.count * heads_per_kv) - 1u;
  let rows = last - first + 1u;
  let row_group = local_index / LANES;
  let lane = local_index % LANES;
  let stride = token_quads();
  let key_offset = (params.heads + kv_head) * HEAD_QUADS;
  let value_offset = key_offset + params.kv_heads * HEAD_QUADS;

  if (local_index < rows) {
    let n = first + local_index;
    let head = kv_head * heads_per_kv + n % heads_per_kv;
    query_base[local_index] = n / heads_per_kv * stride + head * HEAD_QUADS;
    out_base[local_index] = (n / heads_per_kv * params.heads + head) * HEAD_QUADS;
  }
  var tokens: vec4u;     // of the row group's queries
  var first_keys: vec4u; // the first token that each query sees
  var row_lse: vec4f;
  var row_delta: vec4f;
  var row_index: vec4u; // t · H + h
  //: for r in 4
  let n_$r = min(first + row_group * 4u + $ru, last);
  tokens[$r] = n_$r / heads_per_kv;
  first_keys[$r] = first_visible(tokens[$r], places[tokens[$r]].start);
  row_index[$r] = tokens[$r] * params.heads + kv_head * heads_per_kv + n_$r % heads_per_kv;
  row_lse[$r] = softmax[row_index[$r]].x;
  //: for s in QUADS_PER_LANE
  if ($su * LANES + lane < params.quads) {
    let i = row_index[$r] * HEAD_QUADS + $su * LANES + lane;
    row_delta[$r] += dot(d_out[i], out[i]);
  }
  //: end
  //: end
  var sum_$s: array<vec4f, 4>; //: for s in QUADS_PER_LANE
  tiles[lane * 8u + row_group] = row_delta;
  workgroupBarrier();
  row_delta = vec4f(0.0);
  for (var other = 0u; other < LANES; other++) { row_delta += tiles[other * 8u + row_group]; }
  workgroupBarrier();

  let end_key = last / heads_per_kv + 1u;
  let first_token = first / heads_per_kv;
  for (var base = first_visible(first_token, places[first_token].start); base < end_key; base += TILE_SIDE) {
    let columns = min(base + TILE_SIDE, end_key) - base;
    var products = array<vec4f, COLUMNS_PER_LANE>();
    var d_weights = array<vec4f, COLUMNS_PER_LANE>();
    for (var quad = 0u; quad < params.quads; quad += STEP) {
      let step_quads = min(quad + STEP, params.quads) - quad;
      load_queries_and_keys(local_index, quad, step_quads, rows, columns, base * stride + key_offset);
      workgroupBarrier();
      add_dot_products(row_group, lane, step_quads, &products);
      workgroupBarrier();
      let q = local_index % STEP;
      if (q < step_quads) {
        for (var n = local_index / STEP; n < rows; n += WORKGROUP_SIZE / STEP) {
          tiles[q * TILE_STRIDE + n] = d_out[out_base[n] + quad + q];
        }
        for (var n = local_index / STEP; n < columns; n += WORKGROUP_SIZE / STEP) {
          tiles[(STEP + q) * TILE_STRIDE + n] = qkv[(base + n) * stride + value_offset + quad + q];
        }
      }
      workgroupBarrier();
      add_dot_products(row_group, lane, step_quads, &d_weights);
      workgroupBarrier();
    }

    //: for i in COLUMNS_PER_LANE
    let key_$i = base + lane + $iu * LANES;
    let visible_$i = (vec4u(key_$i) >= first_keys) & (vec4u(key_$i) <= tokens);
    let d_score_$i = exp(products[$i] - row_lse) * (d_weights[$i] - row_delta);
    scores[row_group * TILE_SIDE + lane + $iu * LANES] = select(vec4f(0.0), d_score_$i, visible_$i);
    //: end

    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      for (var n = row_group; n < columns; n += 8u) {
        tiles[n * LANES + lane] = qkv[(base + n) * stride + key_offset + $su * LANES + lane];
      }
    }
    workgroupBarrier();
    add_weighted(row_group, lane, columns, &sum_$s);
    workgroupBarrier();
    //: end
  }

  //: for r in 4
  if (first + row_group * 4u + $ru <= last) {
    let position = places[tokens[$r]].position;
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) {
      let quad = $su * LANES + lane;
      d_qkv[query_base[row_group * 4u + $ru] + quad] = turned_back(position, quad, sum_$s[$r] * scale);
    }
    //: end
    if (lane == 0u) { softmax[row_index[$r]].y = row_delta[$r]; }
  }
  //: end
}
