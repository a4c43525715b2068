// Runs work in slices that leave the device to others every 50 ms, without letting it fall idle between them.
import { defined } from '../../core/defined';
import { dispatch, type Step } from '../../gpu/kernel';
import { workDone } from '../../gpu/waiting';
import type { Turn } from '../lora-types';

/** Row counts of a piece of work: tokens of the micro-batch, labelled ones, and those of a chunk of the loss. */
export interface Extent {
  readonly tokens: number;
  readonly labels: number;
}

/** A dispatch, or a copy between dispatches. */
export interface Work {
  /** Rows that it goes over; nothing is done where there are none. */
  readonly rows: (extent: Extent) => number;
  /** About how many operations so many rows cost: slices are cut by it. */
  readonly cost: (rows: number) => number;
  readonly do:
    | { readonly step: Step }
    /** The first rows of a buffer, `stride` bytes each. */
    | { readonly copy: GPUBuffer; readonly to: GPUBuffer; readonly stride: number }
    | { readonly clear: GPUBuffer };
}

/** Milliseconds of work that are submitted at a time; two slices are on their way. */
const SLICE = 25;
/** Operations a millisecond before anything was measured: a slow CPU's. */
const FIRST_RATE = 6e6;
/** Slices of fewer operations say nothing about the rate. */
const TELLING = 2e4;

/** The order in which work reaches the device. */
export class Slices {
  readonly #device: GPUDevice;
  readonly #turn: Turn;
  #rate = FIRST_RATE;
  /** Milliseconds that an empty submission takes: 100 in Firefox. */
  #latency = 0;

  constructor(device: GPUDevice, turn: Turn) {
    this.#device = device;
    this.#turn = turn;
  }

  /** Measures what waiting for the device costs. */
  async prepare(): Promise<void> {
    const started = performance.now();
    await workDone(this.#device.queue);
    this.#latency = performance.now() - started;
  }

  /** Does all of it, in order. */
  async run(work: readonly Work[], extent: Extent): Promise<void> {
    const depth = 2 + Math.ceil(this.#latency / SLICE);
    const pending: { done: Promise<unknown>; cost: number }[] = [];
    const total = work.reduce((sum, each) => sum + costOf(each, extent), 0);
    let finished = 0;
    let last = performance.now();
    const finishOne = async () => {
      const { done, cost } = defined(pending.shift(), 'a slice under way');
      await done;
      finished += cost;
      const now = performance.now();
      this.#note(cost, now - last);
      last = now;
    };
    for (let next = 0; next < work.length; ) {
      const end = await this.#turn(total > 0 ? finished / total : 0);
      try {
        const { slice, cost } = this.#slice(work, next, extent);
        next += slice.length;
        this.#submit(slice, extent);
        pending.push({ done: workDone(this.#device.queue), cost });
        if (pending.length >= depth) await finishOne();
      } finally {
        end();
      }
    }
    while (pending.length > 0) await finishOne();
  }

  #slice(work: readonly Work[], from: number, extent: Extent): { slice: readonly Work[]; cost: number } {
    const most = this.#rate * SLICE;
    let cost = 0;
    let to = from;
    while (to < work.length) {
      const here = costOf(work[to], extent);
      if (to > from && cost + here > most) break;
      cost += here;
      to++;
    }
    return { slice: work.slice(from, to), cost };
  }

  /** A running mean of the rate; slow to trust a single fast answer, since several may arrive together. */
  #note(cost: number, milliseconds: number): void {
    if (cost < TELLING) return;
    const weight = 0.2;
    const time = cost / this.#rate;
    this.#rate *= 1 / (1 - weight + (weight * milliseconds) / time);
  }

  #submit(slice: readonly Work[], extent: Extent): void {
    const encoder = this.#device.createCommandEncoder();
    let pass: GPUComputePassEncoder | undefined;
    for (const { rows, do: what } of slice) {
      const count = rows(extent);
      if (count <= 0) continue;
      if ('step' in what) {
        pass ??= encoder.beginComputePass();
        dispatch(pass, what.step, count);
        continue;
      }
      pass?.end();
      pass = undefined;
      if ('copy' in what) encoder.copyBufferToBuffer(what.copy, 0, what.to, 0, count * what.stride);
      else encoder.clearBuffer(what.clear);
    }
    pass?.end();
    this.#device.queue.submit([encoder.finish()]);
  }
}

function costOf({ cost, rows }: Work, extent: Extent): number {
  const count = rows(extent);
  return count > 0 ? cost(count) : 0;
}
