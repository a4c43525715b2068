// Standard error: notes for the person, and how far a long command is.
import { bytesText } from '../storage/quota';

/** Says how many bytes of how many are done, every five seconds. */
export function toldNowAndThen(): (done: number, total: number) => void {
  let told = performance.now();
  return (done, total) => {
    if (performance.now() - told < 5000) return;
    told = performance.now();
    console.error(`${bytesText(done)} of ${bytesText(total)}, ${Math.floor((100 * done) / total)} %`);
  };
}

/** Says notes on standard error: nothing failed, and a person should know all the same. */
export function sayNotes(notes: readonly string[] = []): void {
  for (const note of notes) console.error(`Note: ${note}`);
}
