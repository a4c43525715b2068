// `export-adapter --format trl`: the run that an adapter came from, as a folder that TRL trains.
import { tokenizeDataset } from '../../../data/tokenize-dataset';
import type { FileContent } from '../../../engine/export/file';
import { trlFiles } from '../../../engine/export/trl';
import { PronkError } from '../../../core/errors';
import { createTokenizer } from '../../../tokenizer/index';
import { prepareData } from '../../../training/prepare';
import { adapterAt } from '../../input/adapter';
import { readData } from '../../input/dataset';
import type { Model } from '../../../engine/models/model';
import { runIn } from '../train-checkpoints';

/**
 * @param folder what `train` wrote
 * @param base what `train.py` takes for the base model, unless it is told another
 * @throws PronkError `missing-run` where nothing says how the adapter was trained; `checkpoint-mismatch` where its rows are others now
 */
export async function trlOfAdapter(
  folder: string,
  model: Pick<Model, 'config' | 'tokenizer' | 'tensors'>,
  base: string,
): Promise<FileContent[]> {
  const run = await runIn(folder);
  if (!run?.identity) {
    const message = `${folder} does not say how its adapter was trained: there is no run in its checkpoint folder. Give a folder that train wrote.`;
    throw new PronkError('missing-run', message);
  }
  const { config, data: rows } = run.identity;
  const read = await readData(run.data, { encoding: run.encoding });
  const tokenizer = createTokenizer(model.tokenizer);
  const data = prepareData(await tokenizeDataset(read.rows, tokenizer, config), tokenizer, config);
  if ((await data.fingerprint()) !== rows) {
    const message = `${run.data} has other rows than when the run was begun, or ${base} has another tokenizer. Give both as they were.`;
    throw new PronkError('checkpoint-mismatch', message);
  }
  const start = run.start === undefined ? undefined : await adapterAt(run.start, model);
  return trlFiles({ config, data, model: model.config, base, ...(start && { start }) });
}
