// Buffers, with what each is for: the memory shown to a person is the sum of what was really allocated.
import { waited } from './waiting';
import { PronkError } from '../core/errors';

/** The purpose of a buffer, by which memory is reported. */
export type Purpose =
  | 'weights'
  | 'adapters'
  | 'training'
  | 'cache'
  | 'activations'
  | 'sampler'
  | 'uniforms'
  | 'readback';

/** Allocates and accounts. One per loaded model, so that unloading frees everything at once. */
export class Buffers {
  readonly device: GPUDevice;
  readonly #all: { buffer: GPUBuffer; purpose: Purpose }[] = [];

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** Bytes in use by purpose. */
  get memory(): Record<string, number> {
    const total: Record<string, number> = {};
    for (const { buffer, purpose } of this.#all) total[purpose] = (total[purpose] ?? 0) + buffer.size;
    return total;
  }

  /**
   * A zeroed buffer of at least `bytes` (rounded up to 16).
   * @throws PronkError `out-of-memory` when it exceeds the adapter's limit
   */
  create(purpose: Purpose, bytes: number, usage: GPUBufferUsageFlags, label = purpose as string): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    if (size > this.device.limits.maxBufferSize) {
      throw new PronkError(
        'out-of-memory',
        `A buffer of ${mib(size)} for ${label} is needed, and this adapter allows ${mib(this.device.limits.maxBufferSize)}. ` +
          'Choose a shorter context or a smaller quantization.',
      );
    }
    const buffer = this.device.createBuffer({ size, usage, label });
    this.#all.push({ buffer, purpose });
    return buffer;
  }

  /** A storage buffer that shaders read and write and the queue can fill and copy. */
  storage(purpose: Purpose, bytes: number, label?: string): GPUBuffer {
    return this.create(
      purpose,
      bytes,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      label,
    );
  }

  /** A storage or uniform buffer with these contents. */
  from(purpose: Purpose, data: ArrayBufferView | ArrayBuffer, label?: string): GPUBuffer {
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const usage = purpose === 'uniforms' ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    const buffer = this.create(purpose, bytes.byteLength, usage | GPUBufferUsage.COPY_DST, label);
    write(this.device, buffer, 0, bytes);
    return buffer;
  }

  /** Frees everything that was allocated here. */
  destroy(): void {
    for (const { buffer } of this.#all.splice(0)) buffer.destroy();
  }
}

/** `queue.writeBuffer` for any byte length: the queue takes multiples of four only. */
export function write(device: GPUDevice, buffer: GPUBuffer, offset: number, bytes: Uint8Array): void {
  const whole = bytes.byteLength & ~3;
  if (whole > 0) device.queue.writeBuffer(buffer, offset, bytes as Uint8Array<ArrayBuffer>, 0, whole);
  if (whole < bytes.byteLength) {
    const tail = new Uint8Array(4);
    tail.set(bytes.subarray(whole));
    device.queue.writeBuffer(buffer, offset + whole, tail);
  }
}

/** Copies a buffer's bytes back to the CPU: for results and tests, not for the decode loop. */
export async function read(
  device: GPUDevice,
  buffer: GPUBuffer,
  offset = 0,
  bytes = buffer.size - offset,
): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await waited(device.queue, staging.mapAsync(GPUMapMode.READ));
  const copy = staging.getMappedRange().slice(0);
  staging.destroy();
  return copy;
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
