// y[t, n] = Σ_k w[n, k] · x[t, k] in whole numbers of 8 bits, for hardware and few tokens: LANES threads share TILE_M
// = 4 rows of a token. A lane takes every LANES-th block of x, whose 32 codes it holds for all rows; then the lanes add
// up along a tree. `gain` holds what quantize.wgsl writes of each block: its scale, Σ of the codes of either half, Σx².
//: needs projection.wgsl, load_block, block_scale, LANES, TILE_M, BLOCK_QUADS, PARTS
//: for q in BLOCK_QUADS
//: needs block_word_$q
//: end
//: if HAS_OFFSET
//: else
//: needs ZERO_CODE
//: end
var<workgroup> tree: array<vec4f, LANES>;
var<workgroup> squares_tree: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row_group = workgroup_id.x;
  let token = select(workgroup_id.y, state.count - 1u, params.last_only == 1u);
  let x_blocks = params.columns / 32u;
  let blocks = x_blocks * PARTS;
  let row_$r = matrix_row(row_group, $ru); //: for r in TILE_M
  var sums = vec4f(0.0);
  var squares = 0.0;

  for (var step = lane; step < x_blocks; step += LANES) {
    let at = token * x_blocks + step;
    let about = gain[at];
    let chunks = array<vec4u, 2>(x[2u * at], x[2u * at + 1u]);
    squares += about.w;
    //: for p in PARTS
    {
      let block = step * PARTS + $pu;
      //: if HALF_BLOCKS
      let x_sum = about[1u + $pu];
      //: else
      let x_sum = about.y + about.z;
      //: end
      //: if HAS_OFFSET
      //: else
      let zeros = -i32(ZERO_CODE) * i32(x_sum);
      //: end
      //: for r in TILE_M
      {
        let codes = load_block(row_$r, block, blocks);
        let scale = block_scale(row_$r, block, blocks);
        //: if HAS_OFFSET
        var part = 0i;
        //: else
        var part = zeros;
        //: end
        //: for q in BLOCK_QUADS
        part += dot4I8Packed(block_word_$q(codes), chunks[($pu * BLOCK_QUADS + $qu) / 4u][$qu % 4u]);
        //: end
        //: if HAS_OFFSET
        sums[$r] += about.x * (scale.x * f32(part) + scale.y * x_sum);
        //: else
        sums[$r] += about.x * scale.x * f32(part);
        //: end
      }
      //: end
    }
    //: end
  }

  tree[lane] = sums;
  squares_tree[lane] = squares;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      tree[lane] += tree[lane + half];
      squares_tree[lane] += squares_tree[lane + half];
    }
  }
  if (lane != 0u) { return; }
  let total = tree[0];
  let first = select(token, 0u, params.last_only == 1u);
  write_outputs(first, row_group, squares_tree[0], array<f32, TILE_M>(total.x, total.y, total.z, total.w));
}
