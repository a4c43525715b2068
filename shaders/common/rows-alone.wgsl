// Sums along a row by one thread, without barriers; a workgroup has several rows. For software adapters.
//: needs WORKGROUP_SIZE
fn row_index(workgroup: u32, local_index: u32) -> u32 { return workgroup * WORKGROUP_SIZE + local_index; }
fn lane_index(local_index: u32) -> u32 { return 0u; }
fn row_sum(value: f32, lane: u32) -> f32 { return value; }
fn row_max(value: f32, lane: u32) -> f32 { return value; }
