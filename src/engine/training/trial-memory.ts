// Whether a device has room for so many bytes: WebGPU does not say how much memory there is, so it is tried.

/** Bytes of one buffer of a trial. */
const PIECE = 256 << 20;
/** Milliseconds for which an answer is taken to hold. */
const FRESH = 30_000;

/** What was tried on a device. Plans ask again and again; larger than what failed is not tried, nor smaller than what fitted. */
export class TrialMemory {
  readonly #device: GPUDevice;
  #fitted = 0;
  #failed = Infinity;
  #since = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  async fits(bytes: number): Promise<boolean> {
    if (performance.now() - this.#since > FRESH) [this.#fitted, this.#failed] = [0, Infinity];
    if (bytes <= this.#fitted) return true;
    if (bytes >= this.#failed) return false;
    const fits = await allocate(this.#device, bytes);
    if (fits) this.#fitted = bytes;
    else this.#failed = bytes;
    this.#since = performance.now();
    return fits;
  }

  /** What is on the device has changed. */
  forget(): void {
    this.#since = -Infinity;
  }
}

/** Allocates, and frees at once. */
async function allocate(device: GPUDevice, bytes: number): Promise<boolean> {
  const piece = Math.min(PIECE, device.limits.maxBufferSize);
  const buffers: GPUBuffer[] = [];
  device.pushErrorScope('out-of-memory');
  try {
    for (let left = bytes; left > 0; left -= piece) {
      const size = Math.ceil(Math.min(left, piece) / 4) * 4;
      buffers.push(device.createBuffer({ size, usage: GPUBufferUsage.STORAGE, label: 'trial' }));
    }
  } catch {
    // some implementations throw where others report
    await device.popErrorScope();
    for (const buffer of buffers) buffer.destroy();
    return false;
  }
  const error = await device.popErrorScope();
  for (const buffer of buffers) buffer.destroy();
  return error === null;
}
