import { PronkError } from '../../formats/errors';

/** A file that cannot be taken for a dataset. `problem` is one or more sentences. */
export function badDataset(problem: string, cause?: unknown): PronkError {
  return new PronkError('bad-dataset', problem, cause === undefined ? undefined : { cause });
}

/** A row that is wrong. @param row from 0; people count from 1 @param problem what follows “Row 3 ” */
export function badRow(row: number, problem: string): PronkError {
  return badDataset(`Row ${row + 1} ${problem}`);
}
