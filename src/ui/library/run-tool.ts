// What can be done with weights beside using them: encrypted files, and Stanford's weight differences.
import type { GivenFile, SavedFile } from '../../worker/contract';
import type { EngineState } from '../shared/engine-state';
import type { Jobs } from './jobs';
import { saveFiles, savedSentence } from '../shared/save-files';

export type Tool = 'encrypt' | 'recover' | 'make';

/** Runs a tool on its two groups of files; undefined where it failed or was given up. */
export async function runTool(
  { client }: EngineState,
  jobs: Jobs,
  tool: Tool,
  first: readonly GivenFile[],
  second: readonly GivenFile[],
): Promise<readonly SavedFile[] | undefined> {
  const id = `tool-${tool}`;
  let sum: number | undefined;
  const save = () =>
    saveFiles(async (folder) => {
      if (tool === 'encrypt') return client.patches.encrypt(id, first[0], second, folder);
      const result = await client.patches.saveWeightDiff(id, { kind: tool, base: first, other: second }, folder);
      // Stanford's check is of the tuned model
      if (tool === 'recover') sum = result.sum;
      return result.files;
    });
  return jobs.run('save', id, 'Reading', save, (saved) =>
    sum === undefined ? savedSentence(saved) : `${savedSentence(saved)} ${sumSentence(sum)}`,
  );
}

/** Stanford's check of a recovered model: weight_diff.py. */
const sumSentence = (sum: number) =>
  `All weights add up to ${sum.toLocaleString('en', { maximumFractionDigits: 4 })}; for Alpaca 7B, Stanford gives 50,637.1836 (± 0.01).`;
