// `weight-diff recover` and `weight-diff make`: what Stanford's weight_diff.py does, without holding a model in memory.
import { realpath } from 'node:fs/promises';
import { saveWeightDiff } from '../../engine/patches/weight-diff';
import { PronkError } from '../../core/errors';
import { HelpWanted, number, parseOptions, required, UsageError } from '../arguments';
import { folderFiles, pathInfo } from '../node-store/files';
import { directory } from '../node-store/folder';
import { whileLocked } from '../node-store/lock';
import type { Print } from '../print';
import { toldNowAndThen } from '../messages';

/** Difference of two sums that passes for none; weight_diff.py's, which adds in float32. */
const TOLERANCE = 0.01;

const OPTIONS = { base: 'text', diff: 'text', tuned: 'text', out: 'text', 'expect-sum': number({}) } as const;

export async function weightDiff([operation, ...argv]: readonly string[], print: Print): Promise<void> {
  if (operation === '--help') throw new HelpWanted(OPTIONS);
  if (operation !== 'recover' && operation !== 'make') {
    throw new UsageError(`weight-diff is followed by recover or make, not by ${operation ?? 'nothing'}.`);
  }
  const which = operation === 'recover' ? 'diff' : 'tuned';
  const options = parseOptions(argv, OPTIONS);
  const base = required(options.base, 'base');
  const other = required(options[which], which);
  const out = required(options.out, 'out');
  const expected = options['expect-sum'];
  const [baseFiles, otherFiles] = [await filesOf(base), await filesOf(other)];
  const folder = await directory(out);
  if ([await realpath(base), await realpath(other)].includes(await realpath(out))) {
    throw new PronkError('would-overwrite', `${out} is one of the folders that are read. Choose another --out.`);
  }
  const { sum } = await whileLocked(out, () =>
    saveWeightDiff(operation, baseFiles, otherFiles, folder, { onProgress: toldNowAndThen() }),
  );
  const ok = expected === undefined ? null : Math.abs(sum - expected) <= TOLERANCE;
  if (!Number.isFinite(sum)) {
    console.error(
      'Some of the weights are not numbers: the training or the download of one of the two models went wrong.',
    );
  } else if (ok === false) {
    console.error(
      `The sum of all weights is ${sum}, not ${expected}. The base may be another conversion than the one that the diff was made from, or a file is damaged; try the model before you rely on it.`,
    );
  }
  print({ done: true, sum, ok });
}

async function filesOf(path: string) {
  if ((await pathInfo(path)).isDirectory()) return folderFiles(path);
  throw new PronkError('no-file', `${path} is a file, where a folder is needed.`);
}
