import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blobSource, bytesSource } from '../../core/source';
import { memoryStore } from '../../storage/memory';
import type { Store } from '../../storage/store';
import { Imports } from '../imports/index';
import { storeModel } from '../testing/stored';
import { Library } from './library';

const DEMO = 'public/demo-model/pronk-6m-q8_0.gguf';

test('what is to be stored once is not stored over', async () => {
  const store = memoryStore();
  const imports = new Imports({ store });
  const files = [bytesSource(readFileSync(DEMO), 'demo.gguf')];
  await storeModel({ imports }, files, { id: 'demo', once: true });
  const keys = await store.shards.keys();
  expect(await storeModel({ imports }, files, { id: 'demo', once: true })).toBe('demo');
  expect(await store.shards.keys()).toEqual(keys);
  await storeModel({ imports }, files, { id: 'demo' });
  expect(await store.shards.keys()).not.toEqual(keys);
});

test('a shard that the browser cannot read is a damaged model', async () => {
  const store = memoryStore();
  const demo = bytesSource(readFileSync(DEMO), 'demo.gguf');
  await storeModel({ imports: new Imports({ store }) }, [demo], { id: 'demo' });
  const unreadable: Store = {
    ...store,
    shards: {
      ...store.shards,
      async get(key) {
        const blob = Object.assign(new Blob(), {
          slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('no', 'NotReadableError')) }),
        });
        const size = (await store.shards.get(key))!.size;
        return blobSource(Object.defineProperty(blob, 'size', { value: size }), key);
      },
    },
  };
  await expect(new Library(unreadable).verify('demo')).rejects.toMatchObject({ code: 'corrupt-file' });
});
