// How much room there is, as far as that is told, and running out of it in a person's words.

import type { StorageEstimate } from './store';

/** Chromium says that this much is free above what is in use, or less in whole steps, whatever the disk has. */
const NAMED = 10 * 2 ** 30;
const NAMED_STEP = 2 ** 30;
/** A browser that grants a page no more than this in all is likely a private window's, or its disk is about full. */
const PRIVATE = 3e9;

/** What a browser says of its room. */
export interface Room {
  /** Bytes that it says may still be stored. */
  readonly bytes: number;
  /** Whether the figure is of the disk; one that is the same everywhere says nothing of it. */
  readonly told: boolean;
  /** Little enough that the window may be a private one. */
  readonly small: boolean;
}

/** Undefined where the browser says nothing. */
export function roomOf({ used = 0, quota }: StorageEstimate): Room | undefined {
  if (quota === undefined) return undefined;
  const bytes = Math.max(0, quota - used);
  const told = !(bytes > 0 && bytes <= NAMED && bytes % NAMED_STEP === 0);
  return { bytes, told, small: told && quota < PRIVATE };
}

/** What speaks against storing so much, as a sentence; it is a warning, since no browser says for sure. */
export function roomWarning(needed: number, room: Room | undefined): string | undefined {
  if (!room || needed <= room.bytes) return undefined;
  if (!room.told) {
    return `It needs ${bytesText(needed)} of disk space. This browser does not tell pages how much is free: make sure that there is enough, and do not use a private window, which has far less.`;
  }
  const small = room.small ? ' A private window has that little space: use a normal one.' : '';
  return `It needs ${bytesText(needed)} of disk space, and the browser allows about ${bytesText(room.bytes)} more.${small} You can try it: what is stored before the space runs out is kept.`;
}

/** 1.5 GB, 20 MB, 3 kB: decimal units, as browsers' settings show them. */
export function bytesText(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ['GB', 1e9] : bytes >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  const value = bytes / size;
  return `${value >= 10 ? Math.ceil(value) : Math.ceil(value * 10) / 10} ${unit}`;
}

/**
 * The message of `quota-exceeded`.
 * @param needed bytes to be stored, if they are many enough to be worth naming
 * @param missing bytes by which the room falls short, if that is known
 */
export function noRoom(needed: number | undefined, missing: number | undefined): string {
  const short = missing !== undefined && missing > 0 ? `${bytesText(missing)} are missing` : 'the browser refused it';
  const more = needed === undefined ? 'more' : `${bytesText(needed)} more`;
  return `There is not enough space to store ${more}: ${short}. Remove a model or free disk space, and try again. (A private window has little space, however large the disk.)`;
}
