// The same as attention-packed.wgsl by tiles (Dao et al. 2022, arXiv:2205.14135): rows are the queries of one key head, all heads of
// a token side by side; columns are keys. Where the rows are of several sequences, these follow one another, each with tiles that
// begin where it does: then a sequence's sums are the same wherever it stands.
//: needs attention-tiles.wgsl, attention-packed-bindings.wgsl, LANES, THREADS, QUADS, PER
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>; // [T][H · d]
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;   // [T][H]

var<workgroup> q_at: array<u32, SIDE>;            // of each row in qkv
var<workgroup> parts: array<vec4f, 8 * LANES>;    // [lane][team]

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) local: u32) {
  let kv_head = workgroup.y;
  let group = params.heads / params.kv_heads;
  let first = workgroup.x * SIDE;
  let last = min(first + SIDE, state.count * group) - 1u;
  let rows = last - first + 1u;
  let team = local / LANES;
  let lane = local % LANES;
  let width = token_quads();
  let key_at = (params.heads + kv_head) * QUADS;
  let value_at = key_at + params.kv_heads * QUADS;
  let scale = inverseSqrt(f32(4u * QUADS));

  if (local < rows) {
    let n = first + local;
    q_at[local] = n / group * width + (kv_head * group + n % group) * QUADS;
  }
  var tokens: vec4u; // of the team's rows
  var seen: vec4u;   // the first token that each sees
  //: for r in 4
  tokens[$r] = min(first + team * 4u + $ru, last) / group;
  seen[$r] = first_seen(tokens[$r], places[tokens[$r]].start);
  //: end
  var largest = vec4f(-3.4e38);
  var total = vec4f(0.0); // of the lane's own columns
  //: for s in SLICES
  var sum_$s: array<vec4f, 4>;
  //: end
  workgroupBarrier();

  for (var token = first / group; token <= last / group; token = places[token].end) {
    let start = places[token].start;
    let until = min(places[token].end, last / group + 1u);
    for (var base = start + (first_seen(token, start) - start) / SIDE * SIDE; base < until; base += SIDE) {
      let columns = min(base + SIDE, until) - base;
      var products = array<vec4f, PER>();
      for (var quad = 0u; quad < params.quads; quad += STEP) {
        let here = min(quad + STEP, params.quads) - quad;
        let q = local % STEP;
        if (q < here) {
          for (var n = local / STEP; n < rows; n += THREADS / STEP) {
            tiles[q * PITCH + n] = qkv[q_at[n] + quad + q] * scale;
          }
          for (var n = local / STEP; n < columns; n += THREADS / STEP) {
            tiles[(STEP + q) * PITCH + n] = qkv[(base + n) * width + key_at + quad + q];
          }
        }
        workgroupBarrier();
        multiply(team, lane, here, &products);
        workgroupBarrier();
      }

      // the largest score of each row so far
      var top = largest;
      //: for i in PER
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
      //: for i in PER
      let weight_$i = select(vec4f(0.0), exp(products[$i] - top), visible_$i);
      total += weight_$i;
      scores[team * SIDE + lane + $iu * LANES] = weight_$i;
      //: end

      //: for s in SLICES
      if ($su * LANES + lane < params.quads) {
        for (var n = team; n < columns; n += 8u) {
          tiles[n * LANES + lane] = qkv[(base + n) * width + value_at + $su * LANES + lane];
        }
      }
      workgroupBarrier();
      //: for r in 4
      sum_$s[$r] *= shrink[$r];
      //: end
      weigh(team, lane, columns, &sum_$s);
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
    //: for s in SLICES
    if ($su * LANES + lane < params.quads) { out[n * QUADS + $su * LANES + lane] = sum_$s[$r] / total[$r]; }
    //: end
    if (lane == 0u) { lse[n] = largest[$r] + log(total[$r]); }
  }
  //: end
}
