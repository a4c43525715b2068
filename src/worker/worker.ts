// The engine in a worker, exposed to the page.
import { expose } from 'comlink';
import { indexedDbStore } from '../storage/indexeddb';
import { ensureBundled } from './bundled';
import { workerConverters } from './converters';
import { carryCodes } from './errors';
import { workerHashers } from './hashers';
import { createService } from './service';

carryCodes();
expose(
  createService({
    store: indexedDbStore(),
    gpu: globalThis.navigator.gpu,
    hashers: workerHashers,
    converters: workerConverters,
    bundle: ensureBundled,
  }),
);
