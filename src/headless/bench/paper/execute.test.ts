// Counts of executed instructions of a listing that was written by hand, in the compiler's notation.
import { expect, test } from 'vitest';
import { Simulated } from './execute';

/**
 * A listing of a loop over eight words: as many trips as the uniform's first word says, and a store behind the last.
 */
const LOOP = (step: number) =>
  `{"VGPRs":8,"LDS size":0}
==== NIR Shader(s)
workgroup_size: 64, 1, 1
==== ACO IR
 s2: (kill)%1:s[0-1],  s1: %2:s[2],  v1: %3:v[0] = p_startpgm
==== Assembly
BB0:
  s_movk_i32 s3, 0x8000                                       ; b0038000
  s_load_b128 s[4:7], s[2:3], null                            ; f4080101
  s_waitcnt lgkmcnt(0)                                        ; bf89fc07
  s_buffer_load_b32 s8, s[4:7], null                          ; f4200202
  s_mov_b32 s9, 0                                             ; be890080
BB1:
  v_fmac_f32_e32 v1, v2, v3                                   ; 56020702
  v_add_nc_u32_e32 v0, 4, v0                                  ; 4a000084
  s_add_u32 s9, s9, ${step}                                   ; 80098109
  s_cmp_lt_u32 s9, s8                                         ; bf0a0809
  s_cbranch_scc1 BB1                                          ; bfa2fffb
BB2:
  v_cmpx_gt_u32_e32 8, v0                                     ; 7d980088
  s_cbranch_execz BB4                                         ; bfa50003
BB3:
  buffer_store_b64 v[1:2], v0, s[4:7], 0 offen                ; e06c0000
BB4:
  s_mov_b64 exec, -1                                          ; befe01c1
  s_endpgm                                                    ; bfb00000
`.replaceAll(/^ {2}(?=[a-z])/gm, '\t');

const run = (listing: string, words: Uint32Array | undefined) => {
  const kernel = new Simulated(listing);
  const executed = kernel.run([[0, 0, 0]], [1, 1, 1], [words], 1e6);
  const at = (name: string) => kernel.program.instructions.findIndex((each) => each.name === name);
  return {
    ...executed,
    times: (name: string) => executed.counts[at(name)],
    moved: (name: string) => executed.bytes[at(name)],
  };
};

test('trips of a loop are those that a uniform asks for', () => {
  expect(run(LOOP(1), Uint32Array.of(8)).times('v_fmac_f32_e32')).toBe(8);
  expect(run(LOOP(1), Uint32Array.of(100)).times('v_fmac_f32_e32')).toBe(100);
  // an unrolled loop has fewer trips
  expect(run(LOOP(4), Uint32Array.of(100)).times('v_fmac_f32_e32')).toBe(25);
});

test('bytes are those of the lanes that are active', () => {
  // after one trip lanes 0 to 3 stand below 8
  expect(run(LOOP(1), Uint32Array.of(1)).moved('buffer_store_b64')).toBe(4 * 8);
  // after two trips no lane does
  expect(run(LOOP(1), Uint32Array.of(2)).times('buffer_store_b64')).toBe(0);
});

test('what is not known of a buffer is assumed, and said', () => {
  const { assumed, times } = run(LOOP(1), undefined);
  expect(times('v_fmac_f32_e32')).toBe(32);
  expect(assumed).toBeGreaterThan(0);
  expect(run(LOOP(1), Uint32Array.of(8)).assumed).toBe(0);
});
