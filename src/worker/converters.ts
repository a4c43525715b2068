// Conversion in a worker, in parallel with reading and writing. The worker starts with the second batch, since small
// models are converted sooner than a worker starts.
import { transfer } from 'comlink';
import { PronkError } from '../core/errors';
import type { Batch, ConverterFactory } from '../engine/imports/converter';
import type { ConvertWorker } from './convert-worker';
import { type OwnWorker, ownWorker } from './own-worker';

/** Batches in conversion while another one is read. */
const AHEAD = 2;

export const workerConverters: ConverterFactory = () => {
  let started: OwnWorker<ConvertWorker> | undefined;
  let batches = 0;
  const start = () =>
    (started ??= ownWorker<ConvertWorker>(
      new Worker(new URL('./convert-worker.ts', import.meta.url), { type: 'module' }),
      'converts weights',
    ));
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
      started?.end();
      started = undefined;
    },
  };
};

/** Bytes in a buffer of their own, which can be transferred to another thread. */
function ownBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
