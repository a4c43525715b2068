// Conversion in a worker, in parallel with reading and writing. The worker starts with the second batch, since small
// models are converted sooner than a worker starts.
import { type Remote, releaseProxy, transfer, wrap } from 'comlink';
import { PronkError } from '../core/errors';
import type { Batch, ConverterFactory } from '../engine/imports/converter';
import type { ConvertWorker } from './convert-worker';

const UNSTARTABLE =
  'The part of Pronk that converts weights does not start. What was done so far is kept; reload the page and continue.';

/** Batches in conversion while another one is read. */
const AHEAD = 2;

export const workerConverters: ConverterFactory = () => {
  let started:
    | { readonly worker: Worker; readonly remote: Remote<ConvertWorker>; readonly broken: Promise<never> }
    | undefined;
  let batches = 0;
  const start = () => {
    if (started) return started;
    const worker = new Worker(new URL('./convert-worker.ts', import.meta.url), { type: 'module' });
    // calls to a worker that did not start are never answered
    const broken = new Promise<never>((_, reject) => {
      worker.addEventListener('error', () => reject(new PronkError('worker-died', UNSTARTABLE)), { once: true });
    });
    broken.catch(() => {});
    return (started = { worker, remote: wrap<ConvertWorker>(worker), broken });
  };
  return {
    ahead: AHEAD,
    async convert(batch: Batch) {
      if (batches++ === 0) return (await import('../engine/imports/converter')).convertBatch(batch);
      const { remote, broken } = start();
      const bytes = ownBytes(batch.bytes);
      const answer = await Promise.race([remote.convert(transfer({ ...batch, bytes }, [bytes.buffer])), broken]);
      if ('code' in answer) throw new PronkError(answer.code, answer.message);
      return answer;
    },
    end() {
      started?.remote[releaseProxy]();
      started?.worker.terminate();
      started = undefined;
    },
  };
};

/** Bytes in a buffer of their own, which can be transferred to another thread. */
function ownBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
