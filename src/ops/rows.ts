// How kernels that reduce along rows, or go over many elements, are dealt out to threads.
import type { Grid } from '../gpu/kernel';
import type { Definitions, Snippets } from '../gpu/wgsl';
import rowsAlone from '../../shaders/common/rows-alone.wgsl?raw';
import rowsTree from '../../shaders/common/rows-tree.wgsl?raw';
import type { LaneShape } from './tuning';

/** What a kernel whose lanes share a row is composed with. */
export function rowSource({ lanes, workgroup }: LaneShape): { definitions: Definitions; rows: Snippets } {
  return { definitions: { LANES: lanes, WORKGROUP_SIZE: workgroup }, rows: lanes === 1 ? { rowsAlone } : { rowsTree } };
}

/** Workgroups for this many rows. */
export function rowGroups({ lanes, workgroup }: LaneShape, rows: number): number {
  return Math.ceil(rows / (workgroup / lanes));
}

/** Any number of workgroups as a grid: one dimension takes 65,535 at most. Those too many find nothing to do. */
export function folded(workgroups: number): Grid {
  const height = Math.ceil(workgroups / 65_535);
  return [Math.ceil(workgroups / height), height];
}
