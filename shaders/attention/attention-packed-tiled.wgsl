// The same as attention-packed.wgsl by tiles (Dao et al. 2022, arXiv:2205.14135): rows are the queries of one key head, all heads of
// a token side by side; columns are keys. Where the rows are of several sequences, these follow one another, each with tiles that
// begin where it does: then a sequence's sums are the same wherever it stands.
//: needs attention-tiles.wgsl, attention-packed-bindings.wgsl, LANES, WORKGROUP_SIZE, HEAD_QUADS, COLUMNS_PER_LANE
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // [T][H · d]
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;   // [T][H]

var<workgroup> q_at: array<u32, TILE_SIDE>;            // of each row in qkv
var<workgroup> parts: array<vec4f, 8 * LANES>;    // [lane][team]

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
    q_at[local_index] = n / group * width + (kv_head * group + n % group) * HEAD_QUADS;
  }
  var tokens: vec4u; // of the team's rows
  var seen: vec4u;   // the first token that each sees
  //: for r in 4
  tokens[$r] = min(first + team * 4u + $ru, last) / group;
  seen[$r] = first_visible(tokens[$r], places[tokens[$r]].start);
  //: end
  var largest = vec4f(-3.4e38);
  var total = vec4f(0.0); // of the lane's own columns
  var sum_$s: array<vec4f, 4>; //: for s in QUADS_PER_LANE
  workgroupBarrier();

  for (var token = first / group; token <= last / group; token = places[token].end) {
    let start = places[token].start;
    let until = min(places[token].end, last / group + 1u);
    for (var base = start + (first_visible(token, start) - start) / TILE_SIDE * TILE_SIDE; base < until; base += TILE_SIDE) {
      let columns = min(base + TILE_SIDE, until) - base;
      var products = array<vec4f, COLUMNS_PER_LANE>();
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
      }

      // the largest score of each row so far
      var top = largest;
      //: for i in COLUMNS_PER_LANE
      let key_$i = base + lane + $iu * LANES;
      let visible_$i = (vec4u(key_$i) >= seen) & (vec4u(key_$i) <= tokens) & vec4<bool>(key_$i < until);
      top = select(top, max(top, products[$i]), visible_$i);
      //: end
      parts[lane * 8u + team] = top;
      workgroupBarrier();
      for (var other = 0u; other < LANES; other++) { top = max(top, parts[other * 8u + team]); }
      let shrink = exp(largest - top);
      largest = top;
      total *= shrink;
      //: for i in COLUMNS_PER_LANE
      let weight_$i = select(vec4f(0.0), exp(products[$i] - top), visible_$i);
      total += weight_$i;
      scores[team * TILE_SIDE + lane + $iu * LANES] = weight_$i;
      //: end

      //: for s in QUADS_PER_LANE
      if ($su * LANES + lane < params.quads) {
        for (var n = team; n < columns; n += 8u) {
          tiles[n * LANES + lane] = qkv[(base + n) * width + value_at + $su * LANES + lane];
        }
      }
      workgroupBarrier();
      sum_$s[$r] *= shrink[$r]; //: for r in 4
      add_weighted(team, lane, columns, &sum_$s);
      workgroupBarrier();
      //: end
    }
  }

  parts[lane * 8u + team] = total;
  workgroupBarrier();
  total = vec4f(0.0);
  for (var other = 0u; other < LANES; other++) { total += parts[other * 8u + team]; }
  //: for r in 4
  if (first + team * 4u + $ru <= last) {
    let n = tokens[$r] * params.heads + kv_head * group + (first + team * 4u + $ru) % group;
    //: for s in QUADS_PER_LANE
    if ($su * LANES + lane < params.quads) { out[n * HEAD_QUADS + $su * LANES + lane] = sum_$s[$r] / total[$r]; }
    //: end
    if (lane == 0u) { lse[n] = largest[$r] + log(total[$r]); }
  }
  //: end
}
