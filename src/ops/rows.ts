// How kernels that reduce along rows, or go over many elements, are dealt out to threads.
import type { Grid } from '../gpu/kernel';
import alone from '../../shaders/common/rows-alone.wgsl?raw';
import tree from '../../shaders/common/rows-tree.wgsl?raw';

/** Which form of a kernel a device gets. */
export interface Form {
  /** A CPU that plays a GPU: one thread a row, since barriers cost it 5 to 10 times the work. */
  readonly software: boolean;
}

/** Threads of a workgroup whose threads work alone: as many as a CPU's vector has lanes, so that the rest spreads. */
const SOLO = 8;

/** What a kernel is composed with: `lanes` threads share a row on hardware. */
export function rowForm({ software }: Form, lanes: number, solo = SOLO) {
  return {
    definitions: software ? { LANES: 1, WORKGROUP: solo } : { LANES: lanes, WORKGROUP: lanes },
    snippet: software ? alone : tree,
  };
}

/** Workgroups for this many rows. */
export function rowWorkgroups({ software }: Form, rows: number): number {
  return software ? Math.ceil(rows / SOLO) : rows;
}

/** Any number of workgroups as a grid: one dimension takes 65,535 at most. Those too many find nothing to do. */
export function folded(workgroups: number): Grid {
  const height = Math.ceil(workgroups / 65_535);
  return [Math.ceil(workgroups / height), height];
}
