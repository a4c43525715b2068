// `import`: a model converted once, into a folder that every command takes as its `--model`. An import that was cut off
// is resumed by the same command.
import type { GivenSource } from '../../engine/imports/identity';
import type { Later } from '../../core/later';
import type { Imports } from '../../engine/imports/index';
import { PronkError } from '../../core/errors';
import type { Quantize } from '../../formats/checkpoint/weights';
import { readJournal } from '../../storage/journal';
import type { Manifest } from '../../storage/manifest';
import type { Store } from '../../storage/store';
import { choice, parseOptions, required } from '../arguments';
import { makeEngine } from '../engine';
import { fileStore, holdsModel, removePartials } from '../node-store/file-store';
import { modelFiles } from '../node-store/files';
import { whileLocked } from '../node-store/lock';
import { fourDigits, type Print } from '../print';
import { sayNotes } from '../messages';
import { checkStore } from '../node-store/store-names';
import { openModel, QUANTIZE } from '../input/model';

/** The folder's only model; importing again replaces it. */
const ID = 'model';

type Progress = (stage: string, done: number, total?: number) => void;

export async function importCommand(argv: readonly string[], print: Print): Promise<void> {
  const options = parseOptions(argv, { model: 'text', quantize: choice(QUANTIZE, 'keep'), out: 'text' });
  const { quantize } = options;
  const model = required(options.model, 'model');
  const out = required(options.out, 'out');
  const progress = nowAndThen((stage, done, total) => print({ stage, done, ...(total !== undefined && { total }) }));
  const again = model !== 'demo' && (await holdsModel(model));
  await checkStore(out);
  await whileLocked(out, async () => {
    await removePartials(out);
    const store = fileStore(out);
    const { imports, models } = await makeEngine({ store, resumable: true });
    const manifest = again
      ? await convertImported(imports, model, quantize, progress)
      : await importFiles(imports, store, model, quantize, progress);
    // parts of imports that were abandoned
    await models.sweep();
    print({ done: true, bytes: manifest.bytes, tensors: manifest.tensors.length });
  });
}

/** Imports a publisher's files, or encrypted ones with their key; resumes an import of the same files. */
async function importFiles(
  imports: Later<Imports>,
  store: Store,
  model: string,
  quantize: Quantize,
  progress: Progress,
): Promise<Manifest> {
  const files = (await modelFiles(model)).map((source): GivenSource => ({ source, path: source.name }));
  // a process that was killed right after its import had ended leaves a journal that is of no use
  const pending = (await imports.pending()).some(({ id }) => id === ID);
  const journal = pending ? await readJournal(store, ID) : undefined;
  if (journal?.quantize === quantize) {
    try {
      return await imports.resume(ID, { files }, progress);
    } catch (error) {
      // other files than those that it was begun with: it begins anew
      if (!(error instanceof PronkError && error.code === 'missing-file')) throw error;
    }
  }
  await imports.cancel(ID);
  sayNotes((await imports.plan(ID, { kind: 'files', files })).notes);
  const manifest = await imports.start(ID, { quantize }, progress);
  const worst = Math.max(0, ...Object.values(manifest.quality?.relativeError ?? {}));
  if (quantize === 'keep' && worst > 0)
    sayNotes([`The stored weights are off by at most ${fourDigits(100 * worst)} % of their norm.`]);
  return manifest;
}

/** Converts a model that was imported before. */
async function convertImported(
  imports: Later<Imports>,
  path: string,
  quantize: Quantize,
  progress: Progress,
): Promise<Manifest> {
  const model = await openModel(path, quantize);
  return imports.copy(model, { id: ID, onProgress: (bytes) => progress('Converting', bytes) });
}

/** Passes on the first of each stage, and at most two a second of the others. */
function nowAndThen(progress: Progress): Progress {
  let [last, told] = ['', 0];
  return (stage, done, total) => {
    if (stage === last && performance.now() - told < 500) return;
    [last, told] = [stage, performance.now()];
    progress(stage, done, total);
  };
}
