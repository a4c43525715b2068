// Files on their way in, and on their way out.
import type { SavedFile } from '../engine/imports/types';

/** A file that the person gave. */
export interface GivenFile {
  readonly file: File;
  /** With the folders that it lies in, where they are known. */
  readonly path: string;
  /** Finds the file again after a reload, in browsers that have such handles. */
  readonly handle?: FileSystemFileHandle;
}

/** A saved file; where no folder was given it comes along, to be downloaded. */
export interface Saved extends SavedFile {
  /** The file, or the archive that it lies in: the same one for all of its files. */
  readonly file?: File;
  /** Where it is, in words, once it was handed over. */
  readonly where?: string;
}
