// Tiles of attention in training, for hardware: 32 rows × 32 columns by 8 row groups of LANES threads. A row group has
// 4 rows, 8 apart, and a lane COLUMNS_PER_LANE columns, LANES apart, so that neighbours read neighbouring memory. First
// the vectors of rows and columns are multiplied, STEP quads at a time. The weights that follow from the products go to
// `scores` and weigh the columns' vectors, of which each lane sums one quad.
//: needs COLUMNS_PER_LANE, LANES, WORKGROUP_SIZE
const TILE_SIDE = 32u;
const STEP = 8u;
// Rows and behind them columns as [quad][n / LANES][n % LANES ^ quad], then columns' quads as [n][lane]. Threads that
// write or read together use different banks. Of the indices in a loop only the last differs between threads, so one
// check of bounds does for all reads of a quad.
var<workgroup> tiles: array<array<array<vec4f, LANES>, COLUMNS_PER_LANE>, 2 * STEP>;
var<workgroup> scores: array<array<vec4f, 8>, TILE_SIDE>; // [column][row group], a component a row

fn multiply_add(a: vec4f, b: vec4f, sum: f32) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

/// The index in the tile of the j-th row or column that a thread brings; it brings the same quad of a step of each.
fn brought(local_index: u32, j: u32) -> u32 { return local_index / STEP + j * (WORKGROUP_SIZE / STEP); }
fn store_row(q: u32, n: u32, quad: vec4f) { tiles[q][n / LANES][(n % LANES) ^ q] = quad; }
fn store_column(q: u32, n: u32, quad: vec4f) { tiles[STEP + q][n / LANES][(n % LANES) ^ q] = quad; }
/// Stores a quad of column n for the sums that this lane computes.
fn store_weighed(lane: u32, n: u32, quad: vec4f) { tiles[n / COLUMNS_PER_LANE][n % COLUMNS_PER_LANE][lane] = quad; }

/// sums[i][r] += (row r of the row group) · (column i of the lane), over `count` quads
fn add_dot_products(row_group: u32, lane: u32, count: u32, sums: ptr<function, array<vec4f, COLUMNS_PER_LANE>>) {
  var sum_$i = (*sums)[$i]; //: for i in COLUMNS_PER_LANE
  for (var q = 0u; q < count; q++) {
    let row = row_group ^ q;
    let column = lane ^ q;
    let row_$r = tiles[q][$ru * 8u / LANES][$ru * 8u % LANES + row]; //: for r in 4
    //: for i in COLUMNS_PER_LANE
    let column_$i = tiles[STEP + q][$i][column];
    sum_$i[$r] = multiply_add(row_$r, column_$i, sum_$i[$r]); //: for r in 4
    //: end
  }
  (*sums)[$i] = sum_$i; //: for i in COLUMNS_PER_LANE
}

/// sums[r] += Σ scores[r][column] · (the lane's quad of the column), over `count` columns in order. Masked scores are
/// 0, so the sum does not depend on where a tile begins.
fn add_weighted(row_group: u32, lane: u32, count: u32, sums: ptr<function, array<vec4f, 4>>) {
  var sum_$r = (*sums)[$r]; //: for r in 4
  for (var column = 0u; column < count; column++) {
    let weight = scores[column][row_group];
    let quad = tiles[column / COLUMNS_PER_LANE][column % COLUMNS_PER_LANE][lane];
    sum_$r = fma(vec4f(weight[$r]), quad, sum_$r); //: for r in 4
  }
  (*sums)[$r] = sum_$r; //: for r in 4
}
