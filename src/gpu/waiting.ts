// Waiting for the device. Firefox looks for workDone work every 100 ms and whenever something is submitted; so while the CPU
// waits there, it submits nothing, again and again.

/** Milliseconds between two empty submissions. Firefox makes 4 of it after a few. */
const INTERVAL = 1;

const ticks = /\bFirefox\//.test(globalThis.navigator?.userAgent ?? '');

/** What a device has promised: a mapped buffer, or the end of submitted work. */
export function waited<T>(queue: GPUQueue, promise: Promise<T>): Promise<T> {
  return ticks ? nudged(queue, promise) : promise;
}

/** Resolves when everything that was submitted has been computed. */
export function workDone(queue: GPUQueue): Promise<undefined> {
  return waited(queue, queue.onSubmittedWorkDone());
}

/** The promise, with empty submissions as long as it is open. */
export function nudged<T>(queue: Pick<GPUQueue, 'submit'>, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const nudge = () => {
    queue.submit([]);
    timer = setTimeout(nudge, INTERVAL);
  };
  timer = setTimeout(nudge, INTERVAL);
  return promise.finally(() => clearTimeout(timer));
}
