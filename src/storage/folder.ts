// Where files are saved for the person: a folder of their choice in the browser, a directory under Node.

/** A file being written, from its beginning to its end. */
export interface FileSink {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The file is whole. */
  close(): Promise<void>;
  /** The file is not wanted: nothing of it stays. */
  abort(): Promise<void>;
}

export interface Folder {
  /** Begins a file, in place of one of that name. `name` has no folders in it. */
  create(name: string): Promise<FileSink>;
}
