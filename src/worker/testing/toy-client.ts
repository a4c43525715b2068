// Clients of toy services: in this thread for tests, in a worker for looking at the page (`?fake`). Never part of a build.
import { type Client, type ClientEvent, createClient } from '../client';
import type { Kept, WorkerContract } from '../contract';
import { errorData, withCode } from '../errors';
import { type ToyOptions, toyService } from './toy-service';

export interface ToyClient extends Client {
  /** Tells the page something as if the worker had said it. */
  emit(event: ClientEvent): void;
}

/**
 * A client whose service lives in this thread.
 * @param silent it says nothing by itself: neither that it has started nor which models there are
 */
export function createToy({ silent = false, ...options }: ToyOptions & { readonly silent?: boolean } = {}): ToyClient {
  const listeners = new Set<(event: ClientEvent) => void>();
  const emit = (event: ClientEvent) => listeners.forEach((listener) => listener(event));
  const service = toyService(options);
  Promise.resolve(service.session.start((event) => (silent ? undefined : emit(event)))).then(
    () => (silent ? undefined : emit({ type: 'started' })),
    (error: unknown) => emit({ type: 'start-failed', error: errorData(error) }),
  );
  const { session: _, ...namespaces } = service;
  return {
    ...(mapped(namespaces) as unknown as Omit<Client, 'subscribe' | 'restart'>),
    emit,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    restart: () => emit({ type: 'restarted' }),
  };
}

type Verbs = Record<string, (...args: unknown[]) => unknown>;

/** Verbs as the page has them: with errors’ codes, and no object shared. They can be spied on. */
function mapped(namespaces: Omit<Kept<WorkerContract>, 'session'>): Record<string, Verbs> {
  const verbsOf = (verbs: Verbs) => {
    const made = (own: Verbs, name: string | symbol) => {
      const verb = verbs[name as string];
      if (typeof verb !== 'function' || Object.hasOwn(own, name)) return;
      own[name as string] = async (...args) => {
        try {
          return await verb.apply(verbs, args);
        } catch (error) {
          throw withCode(error);
        }
      };
    };
    return new Proxy({} as Verbs, {
      get: (own, name) => (made(own, name), own[name as string]),
      getOwnPropertyDescriptor: (own, name) => (made(own, name), Reflect.getOwnPropertyDescriptor(own, name)),
    });
  };
  return Object.fromEntries(Object.entries(namespaces).map(([name, verbs]) => [name, verbsOf(verbs as Verbs)]));
}

/** A client whose service lives in a worker, as the page's own does. @param kind `none`, `pending`, `trained` or nothing */
export function createToyPage(kind: string): Client {
  const spawn = () => new Worker(new URL('./toy-worker.ts', import.meta.url), { type: 'module', name: kind });
  return createClient({ spawn });
}
