// Keys and values of every position so far, stored as elements: attention in inference reads them by the functions of
// this snippet alone.
//: needs Cache
@group(0) @binding(3) var<storage, read> keys: array<vec4<Cache>>; // [K][context][d]
@group(0) @binding(4) var<storage, read> values: array<vec4<Cache>>; // [K][context][d]

/// Quad i of the keys: i = (kv_head · context + position) · d / 4 + quad.
fn key_quad(i: u32) -> vec4f { return vec4f(keys[i]); }
fn value_quad(i: u32) -> vec4f { return vec4f(values[i]); }
