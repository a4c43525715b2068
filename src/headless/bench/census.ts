// Counts what is asked of WebGPU while a task runs, at the API itself: no bookkeeping that could be wrong.

export interface Census {
  readonly dispatches: number;
  readonly passes: number;
  readonly submits: number;
  readonly bindGroups: number;
  readonly buffers: number;
}

/** Which method of which interface is counted under which name. */
const COUNTED = {
  dispatches: ['GPUComputePassEncoder', 'dispatchWorkgroups'],
  passes: ['GPUCommandEncoder', 'beginComputePass'],
  submits: ['GPUQueue', 'submit'],
  bindGroups: ['GPUDevice', 'createBindGroup'],
  buffers: ['GPUDevice', 'createBuffer'],
} as const satisfies Record<keyof Census, readonly [string, string]>;

/** Runs a task; its result with the calls that it made. */
export async function census<T>(task: () => Promise<T>): Promise<{ result: T; calls: Census }> {
  const calls = { dispatches: 0, passes: 0, submits: 0, bindGroups: 0, buffers: 0 };
  const restore: (() => void)[] = [];
  for (const [name, [type, method]] of Object.entries(COUNTED)) {
    const { prototype } = (globalThis as unknown as Record<string, { prototype: Record<string, unknown> }>)[type];
    const original = prototype[method] as (...args: unknown[]) => unknown;
    prototype[method] = function counted(this: unknown, ...args: unknown[]) {
      calls[name as keyof Census]++;
      return original.apply(this, args);
    };
    restore.push(() => (prototype[method] = original));
  }
  try {
    return { result: await task(), calls };
  } finally {
    for (const undo of restore) undo();
  }
}
