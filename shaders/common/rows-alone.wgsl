// A row is one thread's, alone and without barriers; a workgroup has several of them. For software adapters.
//: needs WORKGROUP
fn row_of(workgroup: u32, local: u32) -> u32 { return workgroup * WORKGROUP + local; }
fn lane_of(local: u32) -> u32 { return 0u; }
fn total(value: f32, lane: u32) -> f32 { return value; }
fn largest_of(value: f32, lane: u32) -> f32 { return value; }
