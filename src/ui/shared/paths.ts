// The parts of a file's path, as files are given to the page.

/** The file's name without its folders. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The folder with its slash; empty for a file without one. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
