// A worker that converts an import's batches.
import { expose, transfer } from 'comlink';
import { type Batch, type Converted, convertBatch } from '../engine/imports/converter';
import type { ErrorCode } from '../core/error-codes';
import { PronkError } from '../core/errors';

const api = {
  /** Converts a batch; gives the code and the message of an error where that fails. */
  convert(batch: Batch): Converted | { readonly code: ErrorCode; readonly message: string } {
    try {
      const converted = convertBatch(batch);
      const { codes, scales } = converted.stored;
      return transfer(converted, [...new Set([codes.buffer, scales.buffer])]);
    } catch (error) {
      if (error instanceof PronkError) return { code: error.code, message: error.message };
      throw error;
    }
  },
};

export type ConvertWorker = typeof api;

expose(api);
