// The command line: the same engine under Node and Dawn. Standard output is JSON Lines; messages go to standard error.
import { writeSync } from 'node:fs';
import { PronkError } from '../formats/errors';
import { exportAdapterCommand, mergeCommand } from './adapters';
import { UsageError } from './arguments';
import { bench } from './bench';
import { benchImport } from './bench-import';
import { datasetCommand } from './dataset';
import { generateCommand } from './generate';
import { importCommand } from './import';
import { logits } from './logits';
import type { Print } from './print';
import { detokenize, info, tokenize } from './inspect';
import { decrypt, encrypt } from './patches';
import { trainCommand } from './train';
import { weightDiff } from './weight-diff';

type Command = (argv: readonly string[], print: Print) => Promise<void>;

const COMMANDS: Readonly<Record<string, Command>> = {
  info,
  tokenize,
  detokenize,
  import: importCommand,
  logits,
  generate: generateCommand,
  train: trainCommand,
  dataset: datasetCommand,
  merge: mergeCommand,
  'export-adapter': exportAdapterCommand,
  decrypt,
  encrypt,
  'weight-diff': weightDiff,
  bench,
  'bench-import': benchImport,
};

const print: Print = (line) => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

/** Runs a command; returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    console.error(
      `Usage: npm run -s headless -- COMMAND …, where COMMAND is one of ${Object.keys(COMMANDS).join(', ')}.`,
    );
    return 2;
  }
  try {
    await command(rest, print);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(error.message);
      return 2;
    }
    if (!(error instanceof PronkError)) console.error(error);
    const { code, message } = error instanceof PronkError ? error : { code: 'failed', message: String(error) };
    print({ error: { code, message } });
    return 1;
  }
}
