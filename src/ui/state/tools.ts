// What can be done with weights beside using them: encrypted files, and Stanford's weight differences.
import type { GivenFile, Saved } from '../../worker/api';
import type { EngineState } from './engine';
import type { Jobs } from './jobs';
import { saveFiles, savedSentence } from './saving';

export type Tool = 'encrypt' | 'recover' | 'make';

/** Runs a tool on its two groups of files; undefined where it failed or was given up. */
export async function runTool(
  { api }: EngineState,
  jobs: Jobs,
  tool: Tool,
  first: readonly GivenFile[],
  second: readonly GivenFile[],
): Promise<readonly Saved[] | undefined> {
  const id = `tool-${tool}`;
  const save = () =>
    saveFiles((folder) =>
      tool === 'encrypt'
        ? api.encrypt(id, first[0], second, folder)
        : api.saveWeightDiff(id, { kind: tool, base: first, other: second }, folder),
    );
  return jobs.run('save', id, 'Reading', save, savedSentence);
}
