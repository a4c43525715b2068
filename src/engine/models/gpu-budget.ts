// The share of a device's memory that a model may take.

/** An adapter that offers buffers no larger than this is a phone's, or a CPU: its whole memory is a small multiple. */
const SMALL_BUFFERS = 1 << 30;

/**
 * Bytes that a model may take on an adapter; undefined where WebGPU does not tell. Only small adapters are known: the
 * largest buffer of a phone is a third to a half of what a page may use.
 */
export function gpuBudget(maxBufferSize: number, software: boolean): number | undefined {
  return !software && maxBufferSize <= SMALL_BUFFERS ? 2 * maxBufferSize : undefined;
}
