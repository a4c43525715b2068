// The toy service in a worker; its name says what is in the store.
import { expose } from 'comlink';
import { carryCodes } from '../errors';
import { toyService } from './toy-service';

const { name } = globalThis as unknown as { readonly name: string };
carryCodes();
expose(toyService({ gpu: name !== 'none', pending: name === 'pending', trained: name === 'trained' }));
