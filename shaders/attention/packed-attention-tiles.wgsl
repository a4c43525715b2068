// Tiles of attention in training, for hardware: 32 rows × 32 columns by 8 row groups of LANES threads. A row group has
// 4 rows. The columns of a lane are LANES apart, so that neighbours read neighbouring memory. First the vectors of rows
// and columns are multiplied, STEP quads at a time. The weights that follow from the products go to `scores` and weigh
// the columns' vectors, of which each lane sums one quad.
//: needs COLUMNS_PER_LANE, LANES
const TILE_SIDE = 32u;
const STEP = 8u;
const TILE_STRIDE = TILE_SIDE + 1u; // odd, so that threads that load a row's quads write to different banks
var<workgroup> tiles: array<vec4f, 2 * STEP * TILE_STRIDE>; // [2][quad][row], then [column][lane]
var<workgroup> scores: array<vec4f, 8 * TILE_SIDE>;        // [row group][column], a component a row

/// sums[i][r] += (row r of the row group) · (column i of the lane), over `count` quads
fn add_dot_products(row_group: u32, lane: u32, count: u32, sums: ptr<function, array<vec4f, COLUMNS_PER_LANE>>) {
  var sum_$i = (*sums)[$i]; //: for i in COLUMNS_PER_LANE
  for (var q = 0u; q < count; q++) {
    let rows = q * TILE_STRIDE + row_group * 4u;
    let columns = (STEP + q) * TILE_STRIDE + lane;
    let row_$r = tiles[rows + $ru]; //: for r in 4
    //: for i in COLUMNS_PER_LANE
    let column_$i = tiles[columns + $iu * LANES];
    sum_$i += vec4f(dot(row_0, column_$i), dot(row_1, column_$i), dot(row_2, column_$i), dot(row_3, column_$i));
    //: end
  }
  (*sums)[$i] = sum_$i; //: for i in COLUMNS_PER_LANE
}

/// sums[r] += Σ scores[r][column] · (the lane's quad of the column), over `count` columns in order. Masked scores are
/// 0, so the sum does not depend on where a tile begins.
fn add_weighted(row_group: u32, lane: u32, count: u32, sums: ptr<function, array<vec4f, 4>>) {
  var sum_$r = (*sums)[$r]; //: for r in 4
  for (var column = 0u; column < count; column++) {
    let weight = scores[row_group * TILE_SIDE + column];
    let quad = tiles[column * LANES + lane];
    sum_0 += weight.x * quad;
    sum_1 += weight.y * quad;
    sum_2 += weight.z * quad;
    sum_3 += weight.w * quad;
  }
  (*sums)[$r] = sum_$r; //: for r in 4
}
