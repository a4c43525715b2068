import { expect, test } from 'vitest';
import { blobSource, bytesSource } from './source';

test('a file that was moved or changed since it was given is named', async () => {
  for (const name of ['NotFoundError', 'NotReadableError']) {
    const blob = new Blob([new Uint8Array(10)]);
    blob.slice = () => Object.assign(new Blob(), { arrayBuffer: () => Promise.reject(new DOMException('no', name)) });
    await expect(blobSource(blob, 'folder/model.gguf').read(0, 4)).rejects.toMatchObject({
      code: 'unreadable-file',
      message: expect.stringContaining('folder/model.gguf'),
    });
  }
});

test('ranges beyond the end are refused', async () => {
  for (const source of [blobSource(new Blob([new Uint8Array(4)]), 'a'), bytesSource(new Uint8Array(4), 'a')]) {
    await expect(source.read(0, 5)).rejects.toThrow(RangeError);
    await expect(source.read(3, 2)).rejects.toThrow(RangeError);
    expect(await source.read(4, 4)).toEqual(new Uint8Array(0));
  }
});
