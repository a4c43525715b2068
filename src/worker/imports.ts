// What the page asks of imports and of files that are made for the person.
import type { Engine } from '../engine/index';
import { exportModel } from '../engine/export';
import type { GivenSource } from '../engine/imports/identity';
import type { Origin } from '../engine/imports/origin';
import { decryptFiles } from '../engine/patches/decrypt';
import { encryptFiles } from '../engine/patches/encrypt';
import { saveWeightDiff } from '../engine/patches/weight-diff';
import { PronkError } from '../core/errors';
import { blobSource } from '../core/source';
import { tokenEndpoint } from '../hub/access';
import { CURATED } from '../hub/curated';
import type { GivenFile, ImportApi, ImportOrigin, ModelSummary } from './api';
import type { Saves, Tell } from './saves';

/** @param announce tells the page that the list of models changed */
export function importApi(engine: Engine, saves: Saves, tell: Tell, announce: () => Promise<void>): ImportApi {
  const { imports } = engine;

  async function made(id: string): Promise<ModelSummary> {
    await announce();
    const model = (await engine.models.list()).find((each) => each.id === id);
    if (!model) throw new PronkError('missing-model', 'The model was removed while it was being imported.');
    return model;
  }

  return {
    planImport: async (taskId, origin) => imports.plan(taskId, originOf(origin), tell('import', taskId)),
    async startImport(taskId, choice) {
      await imports.start(taskId, choice, tell('import', taskId));
      return made(taskId);
    },
    pauseImport: async (taskId) => imports.pause(taskId),
    async cancelImport(taskId) {
      saves.cancel(taskId);
      await imports.cancel(taskId);
    },
    pendingImports: () => imports.pending(),
    curatedModels: async () => CURATED,
    tokenEndpoint: async (address) => tokenEndpoint(address),
    async resumeImport(taskId, files, tokens) {
      const given = files ? files.map(givenSource) : await fromHandles(await imports.handles(taskId));
      await imports.resume(taskId, { files: given, ...(tokens && { tokens }) }, tell('import', taskId));
      return made(taskId);
    },
    saveDecrypted: (taskId, handle) =>
      saves.save(taskId, handle, 'Decrypted files', (folder, options) => {
        const { patch } = imports.planned(taskId);
        if (!patch) throw new PronkError('not-encrypted', 'None of these files is encrypted.');
        return decryptFiles(patch, folder, options);
      }),
    encrypt: (taskId, key, files, handle) =>
      saves.save(taskId, handle, 'Encrypted files', (folder, options) =>
        encryptFiles(
          givenSource(key).source,
          files.map((file) => givenSource(file).source),
          folder,
          options,
        ),
      ),
    exportModel: (modelId, handle) =>
      saves.save(modelId, handle, 'Model', async function* (folder, options) {
        yield await exportModel(engine.models, modelId, folder, options);
      }),
    saveWeightDiff: (taskId, { kind, base, other }, handle) =>
      saves.withFolder(
        taskId,
        handle,
        kind === 'recover' ? 'Recovered model' : 'Weight diff',
        async (folder, options) => {
          const [from, to] = [base, other].map((files) => files.map((file) => givenSource(file).source));
          const { sum, files } = await saveWeightDiff(kind, from!, to!, folder, options);
          return { sum, files: files.map(({ name, bytes }) => ({ name, bytes, ok: true })) };
        },
      ),
  };
}

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
