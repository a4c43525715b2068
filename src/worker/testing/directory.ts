// The page's own disk without a browser.

/** A folder of the origin-private file system, as far as downloads use one. */
export class Directory {
  readonly entries = new Map<string, Directory | Uint8Array[]>();
  /** Names of files that there is no room for end so. */
  fullFor: string | undefined;
  async getDirectoryHandle(name: string) {
    const found = this.entries.get(name) ?? Object.assign(new Directory(), { fullFor: this.fullFor });
    this.entries.set(name, found);
    return found as Directory;
  }
  async getFileHandle(name: string, { create = false } = {}) {
    if (create) this.entries.set(name, []);
    const pieces = this.entries.get(name) as Uint8Array[] | undefined;
    if (!pieces) throw new DOMException('gone', 'NotFoundError');
    return {
      getFile: async () => new File(pieces as BlobPart[], name),
      createSyncAccessHandle: async () => ({
        write: (bytes: Uint8Array) => {
          if (name.endsWith(this.fullFor ?? ' ')) throw new DOMException('full', 'QuotaExceededError');
          pieces.push(bytes.slice());
          return bytes.length;
        },
        flush() {},
        close() {},
      }),
    };
  }
  async removeEntry(name: string) {
    const found = this.entries.get(name);
    if (found instanceof Directory) found.entries.clear();
    if (!this.entries.delete(name)) throw new DOMException('gone', 'NotFoundError');
  }
}
