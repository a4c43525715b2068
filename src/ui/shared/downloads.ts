// Hands texts and files to the browser’s downloads.

/** A file name from a title. */
export const fileName = (title: string, extension: string): string =>
  `${
    title
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 60) || 'pronk'
  }.${extension}`;

/** Hands a text to the browser's downloads. */
export const download = (name: string, text: string, type = 'text/plain'): void =>
  downloadBlob(name, new Blob([text], { type }));

/** Hands a file to the browser's downloads. */
export function downloadBlob(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // a large file is read for as long as it is written
  setTimeout(() => URL.revokeObjectURL(link.href), 600_000);
}
