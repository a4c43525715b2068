// Adapters without a worker: names and sizes, and files that hold nothing.
import type { AdapterVerbs, AdapterSummary } from '../../worker/contract';
import type { ClientEvent } from '../../worker/client';
import { fakeAdapter } from './fake-runs';

const wait = (milliseconds: number) => new Promise((settle) => setTimeout(settle, milliseconds));
const coded = (name: string, message: string) => Object.assign(new Error(message), { name });

export interface FakeAdapters {
  readonly api: AdapterVerbs;
  add(adapter: AdapterSummary): void;
}

export function fakeAdapters(emit: (event: ClientEvent) => void): FakeAdapters {
  let adapters: AdapterSummary[] = [];
  const tellAdapters = () => emit({ type: 'adapters', adapters });
  function add(adapter: AdapterSummary): void {
    adapters = [adapter, ...adapters];
    tellAdapters();
  }
  const api: AdapterVerbs = {
    list: async () => adapters,
    isAdapter: async (file) => /lora.*\.gguf$/i.test(file.name),
    async import(files, modelId) {
      await wait(50);
      if (files.some(({ file }) => file.size === 443)) {
        throw coded('adapter-empty', 'adapter_model.bin is an empty adapter: it holds no weights.');
      }
      const adapter = {
        ...fakeAdapter(crypto.randomUUID(), files[0].path.split('/')[0]),
        modelId,
        source: 'imported' as const,
      };
      add(adapter);
      return adapter;
    },
    use: async () => {},
    async rename(id, name) {
      adapters = adapters.map((adapter) => (adapter.id === id ? { ...adapter, name } : adapter));
      tellAdapters();
    },
    async remove(id) {
      adapters = adapters.filter((adapter) => adapter.id !== id);
      tellAdapters();
    },
    async export(_, format) {
      await wait(300);
      const name = format === 'gguf' ? 'adapter.gguf' : 'adapter_model.safetensors';
      return [{ name, bytes: 4096, sha256: 'a'.repeat(64), ok: true, file: new File(['x'], name) }];
    },
    async merge(id, _, { format }) {
      for (let i = 0; i < 20; i++) {
        emit({ type: 'progress', task: 'save', id, stage: 'Merging', done: i * 380_000, total: 7_600_000 });
        await wait(60);
      }
      const name = format === 'gguf' ? 'model-f16.gguf' : 'model.safetensors';
      return [{ name, bytes: 7_600_000, sha256: 'a'.repeat(64), ok: true, file: new File(['x'], name) }];
    },
  };
  return { api, add };
}
