// One run at a time, in all tabs together: who trains holds a Web Lock.
import { ifUnlocked, whenUnlocked, withLock } from '../../storage/locks';

const LOCK = 'pronk-training';

/** Whether no tab trains. */
export async function nobodyTrains(): Promise<boolean> {
  return (await ifUnlocked(LOCK, () => Promise.resolve(true))) ?? false;
}

/** Does something while nobody else trains; undefined where somebody does. */
export const whileNobodyTrains = <T extends object | true>(task: () => Promise<T>): Promise<T | undefined> =>
  whenUnlocked(LOCK, task);

/** Resolves when nobody trains any more. */
export const untilNobodyTrains = (): Promise<void> => withLock(LOCK, () => Promise.resolve());
