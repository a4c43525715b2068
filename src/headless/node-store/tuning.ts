// The command line's store of the kernel shapes that were chosen for a device.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { keptIn } from '../../engine/models/kept-choices';
import type { Tuning } from '../../model/inference/autotune';
import { fileStore } from './file-store';

/** Tuning that chooses once for each device, and keeps the choice in the user's cache folder. */
export function fileTuning(): Tuning {
  const { XDG_CACHE_HOME: cache } = process.env;
  return { kept: keptIn(fileStore(join(cache || join(homedir(), '.cache'), 'pronk'))) };
}
