// Standard output: JSON Lines and nothing else.
import { writeSync } from 'node:fs';

/** Prints one line of JSON, flushed at once. */
export type Print = (line: unknown) => void;

/** Nobody reads standard output any more: the command has nothing left to do. */
export class OutputClosed extends Error {}

/** Standard output leads to where nothing can be written: a full disk, mostly. */
export class OutputLost extends Error {}

/** Milliseconds between two tries of a reader that is behind. */
const PATIENCE = 5;

/** Prints a line on standard output. @throws OutputClosed where its reader has gone, OutputLost where there is no room */
export const print: Print = (line) => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') throw new OutputClosed('Nobody reads the output.', { cause: error });
      if (code !== 'EAGAIN') {
        const reason = code === 'ENOSPC' ? 'its disk is full' : (error as Error).message;
        const message = `Standard output cannot be written: ${reason}. What the command wrote elsewhere is there. Name another place, and try again.`;
        throw new OutputLost(message, { cause: error });
      }
      // a pipe that does not block, and is full
      Atomics.wait(waiting, 0, 0, PATIENCE);
    }
  }
};

/** Rounds to four digits: more of a measurement is noise. */
export const fourDigits = (value: number): number => Number(value.toPrecision(4));
