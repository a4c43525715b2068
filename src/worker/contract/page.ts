// The worker's life, the device, and what is stored for the page itself.
import type { Room } from '../../storage/quota';
import type { WorkerEvent } from './events';

export type { Room };

/** One stored conversation or instruct run: opaque to the worker. */
export interface Stored {
  id: string;
  updatedAt: number;
  [field: string]: unknown;
}

/** Where the page's records lie in the store: conversations, and what Instruct has written. */
export type RecordKind = 'chats' | 'runs';

export interface SessionVerbs {
  /** Opens the device, lists the models, and makes the bundled model available. `onEvent` lives as long as the worker. */
  start(onEvent: (event: WorkerEvent) => void): Promise<void>;
  /** Shows that nothing holds the worker. */
  answer(): Promise<void>;
}

export interface DeviceVerbs {
  /** Asks the browser now for the adapter that is waited for. */
  ask(): Promise<void>;
}

export interface RecordVerbs {
  /** The newest first. */
  list(kind: RecordKind): Promise<Stored[]>;
  get(kind: RecordKind, id: string): Promise<Stored | undefined>;
  /** Resolves once it is stored. */
  put(kind: RecordKind, record: Stored): Promise<void>;
  delete(kind: RecordKind, id: string): Promise<void>;
}

export interface StorageVerbs {
  /** `room` is what the browser says, if anything. */
  estimate(): Promise<{ usage: number; room: Room | undefined; persisted: boolean }>;
  persist(): Promise<boolean>;
}
