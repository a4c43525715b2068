// Puts a record into the store together with what other windows have put there: none takes the place of another's.
import type { RecordKind, RecordVerbs, Stored } from '../../worker/contract';
import { alone } from './this-window';

/**
 * Stores a record, joined with its stored state; what is stored then.
 * @param join of what is to be stored and what is there
 */
export function putJoined<T extends Stored>(
  records: Pick<RecordVerbs, 'get' | 'put'>,
  kind: RecordKind,
  record: T,
  join: (mine: T, stored: Stored) => T,
): Promise<T> {
  return alone(`pronk-${kind}-${record.id}`, async () => {
    const stored = await records.get(kind, record.id);
    const joined = stored ? join(record, stored) : record;
    await records.put(kind, joined);
    return joined;
  });
}
