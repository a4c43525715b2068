// Imports, and files that are made for the person: the page's files as sources, progress as events.
import type { Engine } from '../engine/index';
import type { GivenSource } from '../engine/imports/identity';
import type { Origin } from '../engine/imports/origin';
import { PronkError } from '../core/errors';
import { blobSource } from '../core/source';
import { listJournals } from '../storage/journal';
import type { Store } from '../storage/store';
import type { Contract, GivenFile, ImportOrigin, Kept, ModelSummary } from './contract';
import type { Saves, Tell } from './saves';

type Verbs = Kept<Pick<Contract, 'imports' | 'patches'>>;

/** @param announce tells the page that the list of models changed */
export function importVerbs(
  { imports, models }: Engine,
  store: Store,
  saves: Saves,
  tell: Tell,
  announce: () => Promise<void>,
): Verbs['imports'] {
  async function made(id: string): Promise<ModelSummary> {
    await announce();
    const model = (await models.list()).find((each) => each.id === id);
    if (!model) throw new PronkError('missing-model', 'The model was removed while it was being imported.');
    return model;
  }

  return {
    plan: (taskId, origin) => imports.plan(taskId, originOf(origin), tell('import', taskId)),
    async start(taskId, choice) {
      await imports.start(taskId, choice, tell('import', taskId));
      return made(taskId);
    },
    pause: (taskId) => imports.pause(taskId),
    cancel(taskId) {
      saves.cancel(taskId);
      return imports.cancel(taskId);
    },
    // called at each start, when there mostly is no interrupted import and the importer is not loaded yet
    pending: async () => ((await listJournals(store)).length === 0 ? [] : imports.pending()),
    async resume(taskId, files, tokens) {
      const given = files ? files.map(givenSource) : await fromHandles(await imports.handles(taskId));
      await imports.resume(taskId, { files: given, ...(tokens && { tokens }) }, tell('import', taskId));
      return made(taskId);
    },
  };
}

export function patchVerbs({ imports }: Engine, saves: Saves): Verbs['patches'] {
  return {
    decrypt: (taskId, handle) =>
      saves.save(taskId, handle, 'Decrypted files', async function* (folder, options) {
        const { patch } = await imports.planned(taskId);
        if (!patch) throw new PronkError('not-encrypted', 'None of these files is encrypted.');
        const { decryptFiles } = await import('../engine/patches/decrypt');
        yield* decryptFiles(patch, folder, options);
      }),
    encrypt: (taskId, key, files, handle) =>
      saves.save(taskId, handle, 'Encrypted files', async function* (folder, options) {
        const { encryptFiles } = await import('../engine/patches/encrypt');
        yield* encryptFiles(sourceOf(key), files.map(sourceOf), folder, options);
      }),
    saveWeightDiff: (taskId, { kind, base, other }, handle) =>
      saves.withFolder(
        taskId,
        handle,
        kind === 'recover' ? 'Recovered model' : 'Weight diff',
        async (folder, options) => {
          const { saveWeightDiff } = await import('../engine/patches/weight-diff');
          const { sum, files } = await saveWeightDiff(kind, base.map(sourceOf), other.map(sourceOf), folder, options);
          return { sum, files: files.map(({ name, bytes }) => ({ name, bytes, ok: true })) };
        },
      ),
  };
}

/** A stored model as a GGUF file. */
export function exportVerb({ models }: Engine, saves: Saves): Kept<Contract>['models']['export'] {
  return (modelId, handle) =>
    saves.save(modelId, handle, 'Model', async function* (folder, options) {
      const { exportModel } = await import('../engine/export');
      yield await exportModel(models, modelId, folder, options);
    });
}

const sourceOf = ({ file, path }: GivenFile) => blobSource(file, path);

function givenSource({ file, path, handle }: GivenFile): GivenSource {
  return { source: blobSource(file, path), path, ...(handle && { handle }) };
}

function originOf(origin: ImportOrigin): Origin {
  switch (origin.kind) {
    case 'files':
      return { kind: 'files', files: origin.files.map(givenSource) };
    case 'hub':
      return origin;
    case 'weight-diff':
      return { kind: 'weight-diff', base: origin.base.map(givenSource), diff: origin.diff.map(givenSource) };
  }
}

/** The files of an earlier visit. @throws PronkError `permission` when the browser was not allowed to read them again */
async function fromHandles(handles: readonly unknown[]): Promise<GivenSource[]> {
  return Promise.all(
    (handles as readonly FileSystemFileHandle[]).map(async (handle) => {
      try {
        const file = await handle.getFile();
        return { source: blobSource(file), path: file.name, handle };
      } catch (cause) {
        const message = `${handle.name} cannot be read: the browser was not allowed to, or the file is gone. Add the files again.`;
        throw new PronkError('no-permission', message, { cause });
      }
    }),
  );
}
