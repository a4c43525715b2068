// The shapes of low-rank updates: which linear maps of a group are adapted, and how their matrices are stacked.

/** One adapted map of a group. */
interface LoraMap {
  /** Element of a row of the group's output where the map's rows begin. */
  readonly first: number;
  readonly rows: number;
  /** Its number in the model, by which dropout masks differ: layer · 7 + index in LINEAR_MAPS. */
  readonly module: number;
}

/** The adapted maps of a group. A's are stacked [J, K] with J = maps · R, B's [M, R] with M = Σ rows, u and v are [T, J]. */
export interface LoraShape {
  /** K, width of what the maps read: a multiple of 4. */
  readonly columns: number;
  /** R */
  readonly rank: number;
  /** Elements of a row of the group's output, adapted or not. */
  readonly stride: number;
  readonly scale: number;
  /** 1 − the probability that dropout drops an input; 1 without dropout. */
  readonly keep: number;
  /** The ε of the RMSNorm before the maps, where there is one. */
  readonly epsilon?: number;
  /** One to three, in the order in which A's and B's are stacked. */
  readonly maps: readonly LoraMap[];
}

/** M */
export const stackedRows = ({ maps }: LoraShape) => maps.reduce((sum, { rows }) => sum + rows, 0);
