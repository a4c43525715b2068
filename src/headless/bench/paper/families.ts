// Published figures of a card of each family that RADV compiles for.

export interface Family {
  /** The card that the figures are of. */
  readonly card: string;
  /** Compute units. */
  readonly units: number;
  /** Vector units of a compute unit. */
  readonly simds: number;
  /** Lanes that a vector unit computes in a cycle. */
  readonly lanes: number;
  /** Clock in cycles a second. */
  readonly clock: number;
  /** Bandwidth of memory in bytes a second. */
  readonly bandwidth: number;
}

/** Bytes a cycle that a compute unit's shared memory gives, and its first cache. */
export const SHARED_BYTES = 128;
export const CACHE_BYTES = 64;
/** Assumed seconds from one dispatch of a pass to the next that waits for it. */
export const DISPATCH = 4e-6;

const rdna = { simds: 2, lanes: 32 };
const gcn = { simds: 4, lanes: 16 };

export const FAMILIES = {
  polaris10: { card: 'Radeon RX 580', units: 36, ...gcn, clock: 1.34e9, bandwidth: 256e9 },
  vega10: { card: 'Radeon RX Vega 64', units: 64, ...gcn, clock: 1.546e9, bandwidth: 484e9 },
  navi10: { card: 'Radeon RX 5700 XT', units: 40, ...rdna, clock: 1.755e9, bandwidth: 448e9 },
  navi21: { card: 'Radeon RX 6900 XT', units: 80, ...rdna, clock: 2.25e9, bandwidth: 512e9 },
  navi31: { card: 'Radeon RX 7900 XTX', units: 96, ...rdna, clock: 2.4e9, bandwidth: 960e9 },
  gfx1150: { card: 'Radeon 890M', units: 16, ...rdna, clock: 2.9e9, bandwidth: 120e9 },
  gfx1201: { card: 'Radeon RX 9070 XT', units: 64, ...rdna, clock: 2.52e9, bandwidth: 640e9 },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;
export const FAMILY_NAMES = Object.keys(FAMILIES) as FamilyName[];
