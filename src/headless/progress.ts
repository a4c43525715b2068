// How far a long command is, on standard error.
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
