// Where a training run is, and where it can go from there. Every change of a run's state is checked against this table.
import type { DriverEnd } from './run-driver';

export type TrainingState =
  | { readonly state: 'new' }
  /** Rows become tokens and batches. */
  | { readonly state: 'preparing' }
  /** A device, and a trainer on it, are waited for. */
  | { readonly state: 'waiting' }
  | { readonly state: 'training' }
  /** Training has ended; what came of it is being stored. */
  | { readonly state: 'storing'; readonly end: DriverEnd }
  /** There is no room to store what was learned, which is in memory alone. `step`: how far it is. `reason`: a sentence. */
  | { readonly state: 'awaitingStorage'; readonly step: number; readonly reason: string }
  /** Its checkpoint is that of its last whole step, `step`. */
  | { readonly state: 'paused'; readonly step: number }
  /** `early`: validation did not improve any more. */
  | { readonly state: 'finished'; readonly early: boolean }
  /** Ended by a person before its last step. */
  | { readonly state: 'stopped' }
  /** The page closed while storage was awaited: the checkpoint before is what there is. */
  | { readonly state: 'closed' }
  | { readonly state: 'failed'; readonly error: unknown };

type Name = TrainingState['state'];

/** The states that each state can be followed by. A lost device leads back to `preparing` from wherever one is in use. */
const FOLLOWING: Readonly<Record<Name, readonly Name[]>> = {
  new: ['preparing'],
  preparing: ['waiting', 'preparing', 'failed'],
  waiting: ['training', 'preparing', 'paused', 'stopped', 'failed'],
  training: ['storing', 'awaitingStorage', 'preparing', 'failed'],
  storing: ['finished', 'stopped', 'paused', 'awaitingStorage', 'preparing', 'failed'],
  awaitingStorage: ['training', 'closed'],
  paused: [],
  finished: [],
  stopped: [],
  closed: [],
  failed: [],
};

/** @throws RangeError where no run can go from one state to the other */
export function checkTransition(from: Name, to: Name): void {
  if (!FOLLOWING[from].includes(to)) throw new RangeError(`A run that is ${from} cannot become ${to}`);
}
