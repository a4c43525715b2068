// Runs the command line as a script would.
import { spawnSync } from 'node:child_process';

export interface Ran {
  readonly code: number | null;
  /** Standard output, which must be JSON Lines and nothing else. */
  readonly lines: Record<string, unknown>[];
  readonly stderr: string;
}

export function headless(...argv: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/headless.mjs', ...argv], { encoding: 'utf8' });
  const lines = stdout.split('\n').filter(Boolean);
  return { code: status, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), stderr };
}
