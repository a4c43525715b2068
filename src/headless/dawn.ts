// WebGPU under Node: Dawn on a hardware driver, else on a software one. Sets WebGPU's constants, which browsers have, on `globalThis`.
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers';
import { create, globals } from 'webgpu';
import { PronkError } from '../core/errors';
import { isSoftware } from '../gpu/device';

// GPUBufferUsage and the like, which Node does not have
Object.assign(globalThis, globals);

/** Vulkan drivers that need no GPU, best first: Mesa's lavapipe, then the SwiftShader that comes with Chromium. */
const SOFTWARE_DRIVERS = {
  lavapipe: '/usr/share/vulkan/icd.d/lvp_icd.json',
  swiftshader: '/usr/lib/chromium/vk_swiftshader_icd.json',
} as const;

/** Objects that Dawn must not lose to the garbage collector, or Node crashes. */
const kept: unknown[] = [];

/** Dawn with the drivers that the environment names, or those of one software driver. */
function dawn(driver?: keyof typeof SOFTWARE_DRIVERS): GPU {
  if (driver) process.env['VK_ICD_FILENAMES'] = SOFTWARE_DRIVERS[driver];
  process.env['XDG_RUNTIME_DIR'] ??= mkdtempSync(join(tmpdir(), 'pronk-'));
  const gpu = create(['enable-dawn-features=allow_unsafe_apis']);
  kept.push(gpu);
  return gpu;
}

let asksRarely = false;

/**
 * Makes Dawn ask once a millisecond whether work is done, instead of again and again by `setImmediate`, for software
 * adapters, which compute on the same cores. Other callers of `setImmediate` are not delayed.
 */
function askRarely(): void {
  if (asksRarely) return;
  asksRarely = true;
  const atOnce = globalThis.setImmediate;
  const instead = (callback: (...values: unknown[]) => void, ...values: unknown[]) =>
    // Dawn keeps no handle, and clears none
    isDawns(callback) ? setTimeout(callback, 1) : atOnce(callback, ...values);
  // `promisify` of it stays as it was
  globalThis.setImmediate = Object.assign(instead, atOnce) as unknown as typeof setImmediate;
}

/** Whether a function is one of Dawn's: native and nameless, and made by an addon, since only those have a prototype. */
export function isDawns(callback: (...values: never[]) => void): boolean {
  return callback.name === '' && Object.hasOwn(callback, 'prototype') && String(callback).includes('[native code]');
}

/**
 * A hardware adapter, else a software one.
 * @throws PronkError `no-adapter` with the command that helps
 */
export async function findAdapter(): Promise<GPUAdapter> {
  const tries = [undefined, ...(Object.keys(SOFTWARE_DRIVERS) as (keyof typeof SOFTWARE_DRIVERS)[])];
  for (const driver of tries) {
    if (driver && (process.env['VK_ICD_FILENAMES'] || !existsSync(SOFTWARE_DRIVERS[driver]))) continue;
    const adapter = await dawn(driver)
      .requestAdapter({ powerPreference: 'high-performance' })
      .catch(() => null);
    if (adapter) {
      kept.push(adapter);
      if (isSoftware(adapter.info)) askRarely();
      return adapter;
    }
    if (driver) delete process.env['VK_ICD_FILENAMES'];
  }
  throw new PronkError(
    'no-adapter',
    'No WebGPU adapter was found. Install a Vulkan driver for the GPU; without one, a software driver works: apt-get install chromium libvulkan1 (on Debian).',
  );
}
