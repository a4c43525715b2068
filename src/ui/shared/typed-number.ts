// Numbers as a person types them: taken, or kept in sight with a sentence why they are not. Pure.
import { formatNumber } from './format';

export interface Bounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly whole?: boolean;
  /** Nothing typed means none. */
  readonly mayBeEmpty?: boolean;
}

export type Typed = { readonly value: number | null } | { readonly problem: string };

/** What was typed, as a number within bounds. */
export function readTyped(text: string, bounds: Bounds): Typed {
  const trimmed = text.trim();
  if (trimmed === '' && bounds.mayBeEmpty) return { value: null };
  const value = Number(trimmed);
  const { min = -Infinity, max = Infinity, whole } = bounds;
  if (trimmed === '' || !Number.isFinite(value) || value < min || value > max || (whole && !Number.isInteger(value))) {
    return { problem: `${rangeOf(bounds)} The plan keeps its previous value.` };
  }
  return { value };
}

const plain = (value: number) => (Math.abs(value) < 1 ? String(value) : formatNumber(value));

/** `A whole number from 1 to 256.` */
function rangeOf({ min, max, whole }: Bounds): string {
  const kind = whole ? 'A whole number' : 'A number';
  if (min !== undefined && max !== undefined) return `${kind} from ${plain(min)} to ${plain(max)} is needed.`;
  return min === undefined ? `${kind} is needed.` : `${kind} from ${plain(min)} is needed.`;
}
