// What a command says: JSON Lines on standard output.
import { writeSync } from 'node:fs';

/** Prints one line of JSON, flushed at once. */
export type Print = (line: unknown) => void;

/** Nobody reads standard output any more: the command has nothing left to do. */
export class OutputClosed extends Error {}

/** Milliseconds between two tries of a reader that is behind. */
const PATIENCE = 5;

/** Prints a line on standard output. @throws OutputClosed where its reader has gone */
export const print: Print = (line) => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') throw new OutputClosed('Nobody reads the output.', { cause: error });
      if (code !== 'EAGAIN') throw error;
      // a pipe that does not block, and is full
      Atomics.wait(waiting, 0, 0, PATIENCE);
    }
  }
};
