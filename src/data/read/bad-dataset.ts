import { PronkError } from '../../core/errors';

/** A file that cannot be taken for a dataset. `problem` is one or more sentences. */
export function badDataset(problem: string, cause?: unknown): PronkError {
  return new PronkError('bad-dataset', problem, cause === undefined ? undefined : { cause });
}

/** Text in another encoding than it was taken for: a person can say which. */
export class UnknownEncoding extends PronkError {
  /** Around the first bytes that are no characters, for a person to judge encodings by. */
  readonly sample: Uint8Array;

  constructor(message: string, sample: Uint8Array, cause: unknown) {
    super('bad-dataset', message, { cause });
    this.sample = sample;
  }
}

/** A finding about one row. */
export interface Finding {
  readonly code: string;
  /** A sentence that begins with “It”. */
  readonly message: string;
}

/** A record that cannot become a row; the file's others can. */
export class BadRow extends Error {
  readonly code: string;

  /** @param problem what follows “It ” */
  constructor(code: string, problem: string) {
    super(`It ${problem}`);
    this.code = code;
  }

  get finding(): Finding {
    return { code: this.code, message: this.message };
  }
}
