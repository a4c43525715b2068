import { PronkError } from '../../core/errors';
import { type ReadConfig, readConfig } from '../../training/read-config';
import { textAt } from '../node-store/files';

/** The training config that `--config` names, or Alpaca-LoRA's. @throws PronkError `no-file`, `bad-config` */
export async function readConfigFile(path: string | undefined): Promise<ReadConfig> {
  if (path === undefined) return readConfig({});
  const text = await textAt(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new PronkError('bad-config', `${path} is not JSON: ${problem}.`, { cause });
  }
  return readConfig(value);
}
