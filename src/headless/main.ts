// The command line: the same engine under Node and Dawn. Standard output is JSON Lines; messages go to standard error.
import { PronkError } from '../core/errors';
import { HelpWanted, UsageError } from './arguments';
import { COMMANDS } from './commands/index';
import { type Help, helpOf, helpText } from './help';
import { OutputClosed, OutputLost, print } from './print';

/** The exit code that a shell shows for a program that a closed pipe ended: 128 + SIGPIPE. */
const PIPE_CLOSED = 141;

/** Runs a command; returns the exit code: 0 done, 1 failed, 2 wrong usage, 141 where nobody reads the output any more. */
export async function main(argv: readonly string[]): Promise<number> {
  // messages that nobody reads are no reason to fail
  process.stderr.on('error', () => {});
  const [name = '', ...rest] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    console.error(
      `Usage: npm run -s headless -- COMMAND …, where COMMAND is one of ${Object.keys(COMMANDS).join(', ')}. COMMAND --help says what each takes.`,
    );
    return name === '--help' ? 0 : 2;
  }
  try {
    await command.run(rest, print);
    return 0;
  } catch (error) {
    return exitCode(name, error);
  }
}

/** Says what ended a command. */
function exitCode(name: string, error: unknown): number {
  if (error instanceof OutputClosed) return PIPE_CLOSED;
  if (error instanceof OutputLost) return outputLost(error);
  if (error instanceof HelpWanted) return printed(() => showHelp(helpOf(name, error.types)), 0);
  if (error instanceof UsageError) {
    console.error(`${error.message}\n${name} --help says what it takes.`);
    return 2;
  }
  if (!(error instanceof PronkError)) console.error(error);
  const { code, message } = error instanceof PronkError ? error : { code: 'failed', message: String(error) };
  return printed(() => print({ error: { code, message } }), 1);
}

/** Help is a line of JSON like everything on standard output, and text for whoever looks at the terminal. */
function showHelp(help: Help): void {
  console.error(helpText(help));
  if (!process.stdout.isTTY) print(help);
}

function printed(task: () => void, code: number): number {
  try {
    task();
    return code;
  } catch (error) {
    if (error instanceof OutputClosed) return PIPE_CLOSED;
    if (error instanceof OutputLost) return outputLost(error);
    throw error;
  }
}

/** Says on standard error that standard output cannot be written. */
function outputLost({ message }: OutputLost): number {
  console.error(message);
  return 1;
}
