// `dataset`: what a file of examples holds, what is wrong with it, and the same as Alpaca JSON. It never opens a GPU.
import { basename, dirname } from 'node:path';
import { examine } from '../../data/doctor';
import { DATASET_FORMATS } from '../../data/read/index';
import { histogram, reportDataset } from '../../data/report';
import type { Example, RowProblem } from '../../data/types';
import { toAlpaca, toRecord, writeJson } from '../../data/write';
import { oneOf, parseOptions, required } from '../arguments';
import { readConfigFile } from '../input/training-config';
import {
  checkedEncoding,
  counted,
  DATA_OPTIONS,
  printProblems,
  readData,
  readProblems,
  refuseUnread,
} from '../input/dataset';
import { directory, makeWay } from '../node-store/folder';
import { whileLocked } from '../node-store/lock';
import { tokenizerAt } from '../input/model';
import { sayNotes } from '../messages';
import type { Print } from '../print';

const OPTIONS = {
  ...DATA_OPTIONS,
  from: 'text',
  model: 'text',
  config: 'text',
  out: 'text',
  instruction: 'text',
  input: 'text',
  output: 'text',
  text: 'text',
} as const;

export async function datasetCommand(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, OPTIONS);
  const path = required(options.data, 'data');
  const format = options.from === undefined ? undefined : oneOf(options.from, 'from', DATASET_FORMATS);
  const encoding = checkedEncoding(options.encoding);
  if (options.out !== undefined)
    await makeWay(
      options.out,
      [options.data, options.model].filter((path) => path !== undefined),
    );
  const { instruction, input, output, text } = options;
  const mapping = {
    ...(instruction !== undefined && { instruction }),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(text !== undefined && { text }),
  };
  const read = await readData(path, { format, mapping, encoding }, options);
  const numberOf = (row: number) => read.places[row] + 1;
  const looked = await lengthsOf(read.rows, numberOf, options.model, options.config);
  const found = looked.problems.map((problem) => ({ ...problem, row: numberOf(problem.row) }));
  const problems = [...readProblems(read), ...found].toSorted((a, b) => a.row - b.row);
  printProblems(problems, print);
  sayNotes(read.notes);
  if (options.strict) refuseUnread(read, path);
  const written = options.out === undefined ? {} : await writeRows(options.out, read.rows);
  print({
    done: true,
    format: read.format,
    rows: read.rows.length + read.dropped + read.unread.length,
    kept: read.rows.length,
    dropped: read.dropped,
    withInput: read.rows.filter((row) => row.kind === 'instruct' && row.input !== '').length,
    kinds: counted(read.rows.map(({ kind }) => kind)),
    problems: counted(problems.map(({ code }) => code)),
    notes: read.notes,
    ...looked.figures,
    ...written,
  });
}

interface Looked {
  readonly problems: readonly RowProblem[];
  /** Lengths, and with a model what it reads and learns. */
  readonly figures: Readonly<Record<string, unknown>>;
}

/** In tokens where there is a model, else in characters. */
async function lengthsOf(
  rows: readonly Example[],
  numberOf: (row: number) => number,
  model: string | undefined,
  configPath: string | undefined,
): Promise<Looked> {
  const { config, warnings } = await readConfigFile(configPath);
  for (const message of warnings) console.error(`Warning: ${message}`);
  if (model === undefined) {
    const characters = rows.map(charactersOf);
    const longest = characters.reduce((most, length) => Math.max(most, length), 0);
    const lengths = { unit: 'characters', longest, histogram: histogram(characters) };
    return { problems: examine(rows, numberOf), figures: { lengths } };
  }
  const tokenizer = await tokenizerAt(model);
  const report = await reportDataset(rows, tokenizer, config, numberOf);
  const { tokens, labelled, ended, coverage } = report;
  const lengths = { unit: 'tokens', longest: report.longest, histogram: report.histogram };
  return {
    problems: report.problems,
    figures: { lengths, cutoff: config.cutoff_len, tokens, labelled, ended, coverage },
  };
}

function charactersOf(row: Example): number {
  switch (row.kind) {
    case 'instruct':
      return row.instruction.length + row.input.length + row.output.length;
    case 'completion':
      return row.prompt.length + row.completion.length;
    case 'text':
      return row.text.length;
    case 'messages':
      return row.messages.reduce((sum, { content }) => sum + content.length, 0);
    case 'tokens':
      return row.ids.length;
    case 'unread':
      return row.text.length;
  }
}

/** Alpaca JSON, or JSON Lines for a name that says so; rows that Alpaca has no form for keep their own. */
async function writeRows(path: string, rows: readonly Example[]): Promise<{ out: string; unconverted: number }> {
  const records = rows.map((row) => toAlpaca(row) ?? toRecord(row));
  const unconverted = rows.filter((row) => toAlpaca(row) === undefined).length;
  if (unconverted > 0)
    console.error(
      `Note: ${unconverted} rows have no Alpaca form (chats of several turns, texts, tokens) and keep their own.`,
    );
  const lines = /\.(jsonl|ndjson)$/i.test(path);
  const text = lines ? records.map((record) => `${JSON.stringify(record)}\n`).join('') : writeJson(records);
  await whileLocked(dirname(path), async () => {
    const file = await (await directory(dirname(path))).create(basename(path));
    try {
      await file.write(new TextEncoder().encode(text));
      await file.close();
    } catch (error) {
      await file.abort();
      throw error;
    }
  });
  return { out: path, unconverted };
}
