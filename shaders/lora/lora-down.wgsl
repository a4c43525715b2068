// u[t, j] = Σ_k mask(x)[t, k] · a[j, k], as dot products along the rows. LANES threads take TILE_R rows of a map's A
// and TILE_N tokens; more than one lane share the rows and add up their sums in shared memory.
// NORMED takes x through an RMSNorm: Σx² is summed beside the dot products and 1 / rms multiplies them. The groups that
// take the first rows also write 1 / rms and the normalized x, to the bit as rmsnorm.wgsl has it: they sum as it does.
//: needs lora-bindings.wgsl, dropout_key, dropout_token_key, apply_dropout, dropout_keep
//: needs WORKGROUP_SIZE, LANES, TILE_N, TILE_R
//: if SHARED
//: needs store_partial_sum, sum_partials
//: end
const SUMS = TILE_N * TILE_R;
@group(0) @binding(4) var<storage, read> x: array<vec4f>;     // [T, K]
@group(0) @binding(5) var<storage, read> a: array<vec4f>;     // [J, K]
@group(0) @binding(6) var<storage, read_write> u: array<f32>; // [T, J]
//: if NORMED
@group(0) @binding(7) var<storage, read> gain: array<vec4f>;             // [K]
@group(0) @binding(8) var<storage, read_write> normalized: array<vec4f>; // [T, K]
@group(0) @binding(9) var<storage, read_write> inverse: array<f32>;      // [T], 1 / rms

//: if SHARED
var<workgroup> tree: array<vec4f, LANES>; // a component a token
//: end
//: end

fn store(map: u32, token: u32, r: u32, sum: f32) {
  if (token < state.count && r < params.rank) {
    u[token * stacked_ranks() + map * params.rank + r] = sum / dropout_keep();
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) local_index: u32) {
  let lane = local_index % LANES;
  let first_token = (workgroup_id.x * (WORKGROUP_SIZE / LANES) + local_index / LANES) * TILE_N;
  let first_rank = workgroup_id.y * TILE_R;
  let map = workgroup_id.z;
  let quads = params.columns / 4u;
  let key = dropout_key(map);
  //: for t in TILE_N
  let token_$t = min(first_token + $tu, state.count - 1u);
  let site_$t = dropout_token_key(key, token_$t);
  var squares_$t = vec4f(0.0);
  var sum_$r_$t = 0.0; //: for r in TILE_R
  //: end
  let a_$r = (map * params.rank + clamp_rank(first_rank + $ru)) * quads; //: for r in TILE_R

  for (var quad = lane; quad < quads; quad += LANES) {
    //: if NORMED
    let gains = gain[quad];
    //: for t in TILE_N
    let raw_$t = x[token_$t * quads + quad];
    squares_$t += raw_$t * raw_$t;
    let in_$t = raw_$t * gains;
    //: end
    //: else
    let in_$t = apply_dropout(site_$t, quad, x[token_$t * quads + quad]); //: for t in TILE_N
    //: end
    //: for r in TILE_R
    let weights_$r = a[a_$r + quad];
    sum_$r_$t += dot(weights_$r, in_$t); //: for t in TILE_N
    //: end
  }

  //: if NORMED
  var squares: vec4f; // of the tokens
  squares[$t] = dot(squares_$t, vec4f(1.0)); //: for t in TILE_N
  //: if SHARED
  tree[lane] = squares;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tree[lane] += tree[lane + half]; }
  }
  squares = workgroupUniformLoad(&tree[0]);
  //: end
  let scales = 1.0 / sqrt(squares / f32(params.columns) + params.epsilon);
  //: else
  let scales = vec4f(1.0);
  //: end

  //: if SHARED
  store_partial_sum(SUMS, $ru * TILE_N + $tu, lane, sum_$r_$t * scales[$t]); //: for t in TILE_N, r in TILE_R
  workgroupBarrier();
  for (var i = lane; i < SUMS; i += LANES) {
    store(map, first_token + i % TILE_N, first_rank + i / TILE_N, sum_partials(SUMS, LANES, i));
  }
  //: else
  store(map, first_token + $tu, first_rank + $ru, sum_$r_$t * scales[$t]); //: for t in TILE_N, r in TILE_R
  //: end

  //: if NORMED
  if (map > 0u || first_rank > 0u) { return; }
  //: for t in TILE_N
  if (first_token + $tu < state.count) {
    for (var quad = lane; quad < quads; quad += LANES) {
      normalized[token_$t * quads + quad] = x[token_$t * quads + quad] * scales[$t] * gain[quad];
    }
    if (lane == 0u) { inverse[token_$t] = scales[$t]; }
  }
  //: end
  //: end
}
