// A plan of an opened origin, before a byte is copied: its model, its costs, and the files that are no part of it.

import type { Checkpoint } from '../../core/checkpoint';
import { shownName } from '../../core/shown-name';
import { PronkError } from '../../core/errors';
import type { Store } from '../../storage/store';
import { listModels } from '../../storage/stored-model';
import { modelName } from './name';
import { type OpenedOrigin, type OpenOptions, type Origin, openOrigin } from './origin';
import { type Offer, planModel } from './plan';
import type { ImportPlan, SameModel } from './types';
import { usedSources } from './used';

interface Looking {
  readonly store: Store;
  readonly offer?: Offer | undefined;
  readonly opening: OpenOptions;
}

/**
 * Makes a plan.
 * @param all the origin as it was opened, with every file
 * @returns the plan, and the origin without the files that are no part of the model
 */
export async function lookAt(
  all: OpenedOrigin,
  origin: Origin,
  { store, offer = {}, opening }: Looking,
): Promise<{ readonly plan: ImportPlan; readonly opened: OpenedOrigin }> {
  const { patch, download } = all;
  const known = { download, ...offer, ...(patch && { patch: patch.table }) };
  try {
    const checkpoint = await all.open(all.files.map(({ source }) => source));
    const { opened, unused } = await withoutUnused(all, origin, checkpoint, opening);
    const notes = [...(opened.notes?.() ?? []), ...(checkpoint.notes ?? [])];
    const already = await sameModels(opened, store);
    const paths = origin.kind === 'files' ? origin.files.map(({ path }) => path) : [];
    const plan = {
      name: shownName(modelName(checkpoint, paths)),
      ...filesOf(opened),
      ...known,
      ...planModel(withLicence(checkpoint, opened), offer),
      ...(unused.length > 0 && { unused }),
      ...(already.length > 0 && { already }),
      ...(notes.length > 0 && { notes }),
    };
    return { plan, opened };
  } catch (error) {
    // more files may mend what was dropped; an address is right or not
    if (!(error instanceof PronkError) || download) throw error;
    const problem = { code: error.code, message: error.message };
    const what = error.message;
    return { plan: { name: all.source, what, ...filesOf(all), ...known, choices: [], problem }, opened: all };
  }
}

async function withoutUnused(all: OpenedOrigin, origin: Origin, checkpoint: Checkpoint, opening: OpenOptions) {
  const nothing = { opened: all, unused: [] as string[] };
  if (origin.kind !== 'files' || all.patch) return nothing;
  const used = new Set(
    await usedSources(
      all.files.map(({ source }) => source),
      checkpoint,
    ),
  );
  const unused = origin.files.filter(({ source }) => !used.has(source)).map(({ path }) => path);
  if (unused.length === 0) return nothing;
  const files = origin.files.filter(({ source }) => used.has(source));
  return { opened: await openOrigin({ kind: 'files', files }, opening), unused };
}

/** Models that were made of the same files; of earlier imports from the Hub the address says it. */
async function sameModels(opened: OpenedOrigin, store: Store): Promise<SameModel[]> {
  const identity = await opened.identity();
  const pinned = /@[0-9a-f]{40}$/.test(opened.source) ? opened.source : undefined;
  const manifests = await listModels(store);
  return manifests
    .filter((each) => (each.identity === undefined ? each.source === pinned : each.identity === identity))
    .map(({ id, name, quantize }) => ({ id, name, ...(quantize && { quantize }) }));
}

function filesOf({ files }: OpenedOrigin): Pick<ImportPlan, 'files' | 'readBytes'> {
  const named = files.map(({ source }) => ({ name: source.name, size: source.size }));
  return { files: named, readBytes: named.reduce((sum, { size }) => sum + size, 0) };
}

/** A repository says its licence outside of its files. */
function withLicence(checkpoint: Checkpoint, { licence }: OpenedOrigin): Checkpoint {
  return checkpoint.licence === undefined && licence !== undefined ? { ...checkpoint, licence } : checkpoint;
}
