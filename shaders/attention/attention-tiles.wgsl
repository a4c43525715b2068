// Tiles of attention in training for hardware: 32 rows against 32 columns by 8 teams of LANES threads; a team has 4 rows, and a
// lane's columns are LANES apart, so that neighbours read neighbouring memory. First both tiles' vectors are multiplied, STEP
// quads at a time; what comes of it (`scores`) then weighs vectors of the columns, of which each lane sums one quad.
//: needs COLUMNS_PER_LANE, LANES
const TILE_SIDE = 32u;
const STEP = 8u;
const PITCH = TILE_SIDE + 1u; // threads that bring a row's quads write to different banks
var<workgroup> tiles: array<vec4f, 2 * STEP * PITCH>; // [2][quad][row], then [column][lane]
var<workgroup> scores: array<vec4f, 8 * TILE_SIDE>;        // [team][column], a component a row

/// sums[i][r] += row r of the team · column i of the lane, over `here` quads
fn add_dot_products(team: u32, lane: u32, here: u32, sums: ptr<function, array<vec4f, COLUMNS_PER_LANE>>) {
  var sum_$i = (*sums)[$i]; //: for i in COLUMNS_PER_LANE
  for (var q = 0u; q < here; q++) {
    let rows = q * PITCH + team * 4u;
    let columns = (STEP + q) * PITCH + lane;
    let row_$r = tiles[rows + $ru]; //: for r in 4
    //: for i in COLUMNS_PER_LANE
    let column_$i = tiles[columns + $iu * LANES];
    sum_$i += vec4f(dot(row_0, column_$i), dot(row_1, column_$i), dot(row_2, column_$i), dot(row_3, column_$i));
    //: end
  }
  (*sums)[$i] = sum_$i; //: for i in COLUMNS_PER_LANE
}

/// sums[r] += Σ scores[r][column] · the lane's quad of the column, over `here` columns one after the other: what is masked adds
/// nothing, so where a tile begins does not show.
fn add_weighted(team: u32, lane: u32, here: u32, sums: ptr<function, array<vec4f, 4>>) {
  var sum_$r = (*sums)[$r]; //: for r in 4
  for (var column = 0u; column < here; column++) {
    let weight = scores[team * TILE_SIDE + column];
    let quad = tiles[column * LANES + lane];
    sum_0 += weight.x * quad;
    sum_1 += weight.y * quad;
    sum_2 += weight.z * quad;
    sum_3 += weight.w * quad;
  }
  (*sums)[$r] = sum_$r; //: for r in 4
}
