// The model that ships with the page: fetched on the first visit, read from the store ever after.
import type { Engine } from '../engine/index';
import { PronkError } from '../core/errors';
import { bytesSource } from '../core/source';

const FILE = 'pronk-6m-q8_0.gguf';
/** The built worker lies in assets/, beside demo-model/. */
const FOLDER = import.meta.env.DEV ? '/demo-model' : '../demo-model';
/** Changes with the file's content, so that a page with a better model fetches it. */
const ID = `bundled-${import.meta.env.VITE_BUNDLED_MODEL ?? 'dev'}`;

export type Progress = (stage: string, done: number, total: number) => void;

/**
 * Makes the bundled model available; its id. A copy of an earlier version goes when the new one is stored, and serves
 * while the new one cannot be fetched.
 * @throws PronkError `offline`, `quota-exceeded`
 */
export async function ensureBundled(engine: Engine, onProgress: Progress): Promise<string> {
  const models = await engine.models.list();
  if (models.some(({ id }) => id === ID)) return ID;
  const older = models.filter(({ bundled }) => bundled);
  try {
    const bytes = await download(new URL(`${FOLDER}/${FILE}`, globalThis.location.href), (done, total) =>
      onProgress('Downloading', done, total),
    );
    const total = bytes.length;
    const stored = (done: number) => onProgress('Storing', Math.min(done, total), total);
    stored(0);
    const { modelInFiles } = await import('../engine/models/in-files');
    const model = await modelInFiles([bytesSource(bytes, FILE)]).open();
    // tabs that open at once share one copy: the first may be on its way to the GPU already
    const options = { id: ID, bundled: true, once: true, source: 'Comes with Pronk' } as const;
    await engine.imports.copy(model, { ...options, onProgress: stored });
    stored(total);
  } catch (error) {
    if (older[0]) return older[0].id;
    throw error;
  }
  for (const { id } of older) await engine.models.remove(id);
  return ID;
}

/** A whole file, with progress where its length is known. */
async function download(url: URL, onProgress: (done: number, total: number) => void): Promise<Uint8Array> {
  const failed = (cause: unknown) =>
    new PronkError(
      'offline',
      'The bundled model could not be fetched. Check the connection and reload; chats are safe.',
      { cause },
    );
  const response = await fetch(url).catch((error: unknown) => {
    throw failed(error);
  });
  if (!response.ok || !response.body) throw failed(new Error(`HTTP ${response.status}`));
  const total = Number(response.headers.get('content-length') ?? 0);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  for (const reader = response.body.getReader(); ; ) {
    const next = await reader.read().catch((error: unknown) => {
      throw failed(error);
    });
    if (next.done) break;
    chunks.push(next.value);
    done += next.value.length;
    onProgress(done, Math.max(total, done));
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
