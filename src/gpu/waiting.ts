// Waiting for the device. Firefox looks for finished work every 100 ms and at each submission, so empty submissions are
// made while the CPU waits there.

/** Milliseconds between two empty submissions, which Firefox stretches to 4 after a few. */
const INTERVAL = 1;

const ticks = /\bFirefox\//.test(globalThis.navigator?.userAgent ?? '');

/** Waits for a promise of a device: a mapped buffer, or the end of submitted work. */
export function waited<T>(queue: GPUQueue, promise: Promise<T>): Promise<T> {
  return ticks ? nudged(queue, promise) : promise;
}

/** Resolves when everything that was submitted has been computed. */
export function workDone(queue: GPUQueue): Promise<undefined> {
  return waited(queue, queue.onSubmittedWorkDone());
}

/** The promise's result; makes empty submissions until it is settled. */
export function nudged<T>(queue: Pick<GPUQueue, 'submit'>, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const nudge = () => {
    queue.submit([]);
    timer = setTimeout(nudge, INTERVAL);
  };
  timer = setTimeout(nudge, INTERVAL);
  return promise.finally(() => clearTimeout(timer));
}
