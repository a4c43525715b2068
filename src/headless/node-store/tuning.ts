// Where the command line keeps the kernel shapes that were chosen for a device.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { keptIn } from '../../engine/models/kept-choices';
import type { Tuning } from '../../model/inference/autotune';
import { fileStore } from './file-store';

/** Chooses once a device, and keeps it in the person's cache. */
export function fileTuning(): Tuning {
  const { XDG_CACHE_HOME: cache } = process.env;
  return { kept: keptIn(fileStore(join(cache || join(homedir(), '.cache'), 'pronk'))) };
}
