// A dataset's rows, whichever file they came from, and what a model reads of them.
import type { ChatMessage } from '../tokenizer/chat-message';

/** What somebody says in a row. */
export interface DatasetMessage extends ChatMessage {
  /** False: it is read, and not learnt. */
  readonly learn?: false;
}

/** One row of a dataset. */
export type Example =
  | { readonly kind: 'instruct'; readonly instruction: string; readonly input: string; readonly output: string }
  | { readonly kind: 'messages'; readonly messages: readonly DatasetMessage[] }
  | { readonly kind: 'completion'; readonly prompt: string; readonly completion: string }
  | { readonly kind: 'text'; readonly text: string }
  /** Ids as they are; labels stand beside their ids, −100 where not trained. */
  | { readonly kind: 'tokens'; readonly ids: readonly number[]; readonly labels: readonly number[] }
  | UnreadRow;

/** A row of a file that cannot be read, with its text as it stood there; it is trained once somebody has repaired it. */
interface UnreadRow {
  readonly kind: 'unread';
  readonly text: string;
  /** What is wrong with it, as in `RowProblem`. */
  readonly code: string;
  readonly problem: string;
}

/** A label that is not in the loss, as in PyTorch. */
export const IGNORED = -100;

/** A row as the model reads it. */
export interface TokenizedRow {
  /** Index of the row in its dataset: keys its dropout masks, and names it in messages. */
  readonly row: number;
  readonly ids: readonly number[];
  /** Beside their ids (the shift by one is the trainer's); `IGNORED` where not trained. */
  readonly labels: readonly number[];
  /** It was longer than the cutoff. */
  readonly truncated: boolean;
}

/** Which columns of a CSV or fields of JSON become what; absent where the format says it. */
export interface ColumnMapping {
  readonly instruction?: string;
  readonly input?: string;
  readonly output?: string;
  readonly text?: string;
}

/** A finding of the dataset doctor about one row. */
export interface RowProblem {
  /** From 0. */
  readonly row: number;
  /** e.g. `empty-output`, `duplicate`, `merged-instructions`: see `data/doctor.ts`. */
  readonly code: string;
  readonly message: string;
}

/** How a dataset looks to a model under a config. */
export interface DatasetReport {
  /** That the model can read. */
  readonly rows: number;
  readonly problems: readonly RowProblem[];
  /** That the model reads, after the cutoff. */
  readonly tokens: number;
  /** Tokens that are in the loss. */
  readonly labelled: number;
  /** Rows whose end of text is in the loss: from them the model learns to stop. */
  readonly ended: number;
  /** Token lengths before the cutoff: rows by bucket `[from, to)`. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly rows: number }[];
  readonly longest: number;
  /** Shares, 0 to 1, at the config's cutoff: of rows that are whole, and of their tokens. */
  readonly coverage: { readonly rows: number; readonly tokens: number };
}

/** One row as tokens: what is read, and which of it is in the loss. */
export interface RowPreview {
  readonly tokens: readonly {
    readonly id: number;
    /** Special tokens by their spelling. */
    readonly text: string;
    readonly inLoss: boolean;
    readonly special: boolean;
  }[];
  readonly truncated: boolean;
}
