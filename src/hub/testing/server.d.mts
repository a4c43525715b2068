// Types of server.mjs, which is plain JavaScript so that Node and Playwright can start it.

export type FaultKind =
  | 'hangup'
  | 'drop'
  | 'truncate'
  | 'long'
  | 'stall'
  | 'silence'
  | 'delay'
  | 'range'
  | 'total'
  | 'no-content-range'
  | 'ignore-range'
  | 'etag'
  | 'flip'
  | '500'
  | '503'
  | '429'
  | '401'
  | '403'
  | '404';

export declare const FAULTS: readonly FaultKind[];

/** What goes wrong with an answer. */
export interface Fault {
  readonly kind: FaultKind;
  /** Part of the path; of all paths without. */
  readonly match?: string;
  /** Part of the Range header. */
  readonly when?: string;
  /** Answers that go wrong; 1 without. */
  readonly times?: number;
  /** Answers before that which are right. */
  readonly skip?: number;
  /** Where in the body, 0 to 1. */
  readonly at?: number;
  /** How long `delay` waits. */
  readonly ms?: number;
  /** Retry-After: seconds, or a date. */
  readonly after?: number | string;
}

/** Faults by chance, the same ones for one seed as long as requests come in one order. */
export interface RandomFaults {
  readonly seed: number;
  readonly rate?: number;
  readonly kinds?: readonly FaultKind[];
  readonly match?: string;
}

export interface ServedRepository {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly licence?: string;
  readonly cardData?: Readonly<Record<string, unknown>>;
  /** Files are given with this access token only. */
  readonly token?: string;
  readonly gated?: false | 'auto' | 'manual';
  /** The API keeps it secret too, without the token. */
  readonly hidden?: boolean;
  /** Names besides `main` and the commit. */
  readonly revisions?: readonly string[];
}

export interface ServerOptions {
  /** Folders `owner/name/…` to serve. */
  readonly folder?: string;
  readonly repositories?: Readonly<Record<string, ServedRepository>>;
  readonly faults?: readonly Fault[];
  readonly random?: RandomFaults;
  /** Whether large files are redirected to the storage, as the Hub does. */
  readonly redirect?: boolean;
  /** Signed addresses stay valid for this many later ones. */
  readonly signature?: number;
  readonly pageSize?: number;
  /** Origin in Link headers, where it is not the server's own. */
  readonly linkOrigin?: string;
  readonly cors?: boolean;
  /** A token that is answered with 401 wherever it comes. */
  readonly expired?: string;
  /** Whether pages may see headers. */
  readonly expose?: boolean;
  /** Whether Range is heeded. */
  readonly ranges?: boolean;
  /** Whether Content-Range is sent. */
  readonly contentRange?: boolean;
}

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The server that was asked: the Hub or its storage. */
  readonly origin: string;
}

export interface TestServer {
  /** The Hub's endpoint; plain files lie under `/files/owner/name/`. */
  readonly url: string;
  /** Where the Hub redirects to. */
  readonly storageUrl: string;
  readonly log: LoggedRequest[];
  readonly models: ReadonlyMap<string, { readonly sha: string }>;
  setFaults(faults: readonly Fault[]): void;
  setRandom(random: RandomFaults | undefined): void;
  close(): Promise<unknown>;
}

export declare function startServer(options?: ServerOptions): Promise<TestServer>;
