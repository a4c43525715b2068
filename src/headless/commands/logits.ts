// `logits`: every position's logits, exactly as given.
import { writeFile } from 'node:fs/promises';
import { PronkError } from '../../core/errors';
import { parseIds, parseOptions, UsageError } from '../arguments';
import { loadModel } from '../engine';
import { LOAD_OPTIONS } from '../input/load-options';
import { diskError, makeWay } from '../node-store/folder';
import type { Print } from '../print';

export async function logits(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { ...LOAD_OPTIONS, ids: 'text', text: 'text', out: 'text' });
  if ((options.ids === undefined) === (options.text === undefined))
    throw new UsageError('Exactly one of --ids and --text is needed.');
  const asked = options.ids === undefined ? undefined : parseIds(options.ids);
  const { out } = options;
  if (out !== undefined) await makeWay(out, options.model === undefined ? [] : [options.model]);
  const { engine, id: model, hosted, adapters } = await loadModel(options);
  const { tokenizer } = hosted;
  const { vocabSize: V } = hosted.session.config;
  const bos = tokenizer.addBos && tokenizer.bosId !== undefined ? [tokenizer.bosId] : [];
  const ids = asked ?? [...bos, ...tokenizer.encode(options.text ?? '')];
  const bad = ids.find((id) => id >= V);
  if (bad !== undefined)
    throw new PronkError('bad-token', `${bad} is not a token of this model: its ids are 0 to ${V - 1}.`);
  const values = await engine.logits(model, ids, adapters);
  if (out !== undefined) {
    await writeFile(out, values).catch((error: unknown) => {
      throw diskError(error, out);
    });
  }
  const argmax = ids.map((_, t) => {
    const row = values.subarray(t * V, (t + 1) * V);
    return row.reduce((best, value, id) => (value > row[best] ? id : best), 0);
  });
  print({ shape: [ids.length, V], argmax });
}
