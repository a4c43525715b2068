// A regular expression's structure. JavaScript has compiled the source before, so it is known to be right.

export type Node =
  /** One character, as its own source says. */
  | { readonly kind: 'one'; readonly source: string; readonly ignoreCase: boolean }
  | { readonly kind: 'all'; readonly parts: readonly Node[] }
  | { readonly kind: 'any'; readonly choices: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly body: Node;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
    }
  | { readonly kind: 'look'; readonly body: Node; readonly behind: boolean; readonly negative: boolean }
  | { readonly kind: 'start' | 'end' };

const ESCAPE =
  /\\(?:u\{[^}]*\}|u[\da-fA-F]{4}(?:\\u[dD][c-fC-F][\da-fA-F]{2})?|x[\da-fA-F]{2}|[pP]\{[^}]*\}|c[A-Za-z]|[^])/uy;
const GROUP = /\((?:\?(?:(<?[=!])|<[^>]*>|([a-z]*)(?:-([a-z]*))?:))?/y;
const COUNT = /(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y;

/** @returns undefined for what the own matcher has not: back references, boundaries, modifiers but `i` */
export function parsePattern(source: string, ignoreCase: boolean): Node | undefined {
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at += found[0].length;
    return found;
  };
  try {
    return choices(ignoreCase);
  } catch (error) {
    if (error === LACKING) return undefined;
    throw error;
  }

  function choices(insensitive: boolean): Node {
    const found = [sequence(insensitive)];
    while (source[at] === '|') {
      at++;
      found.push(sequence(insensitive));
    }
    const [only] = found;
    return only && found.length === 1 ? only : { kind: 'any', choices: found };
  }

  function sequence(insensitive: boolean): Node {
    const parts: Node[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const body = atom(insensitive);
      const count = take(COUNT);
      if (!count) {
        parts.push(body);
        continue;
      }
      const [, sign, from, comma, to, lazy] = count;
      const least = sign ? (sign === '+' ? 1 : 0) : Number(from);
      const most = sign ? (sign === '?' ? 1 : Infinity) : comma ? (to ? Number(to) : Infinity) : least;
      parts.push({ kind: 'repeat', body, least, most, lazy: lazy === '?' });
    }
    return { kind: 'all', parts };
  }

  function atom(insensitive: boolean): Node {
    const one = (from: number): Node => ({ kind: 'one', source: source.slice(from, at), ignoreCase: insensitive });
    const from = at;
    switch (source[at]) {
      case '(': {
        const [, look, on, off] = take(GROUP) ?? [];
        if (/[^i]/.test(`${on ?? ''}${off ?? ''}`)) throw LACKING;
        const body = choices(off ? false : insensitive || on === 'i');
        at++;
        if (!look) return body;
        return { kind: 'look', body, behind: look.startsWith('<'), negative: look.endsWith('!') };
      }
      case '^':
        at++;
        return { kind: 'start' };
      case '$':
        at++;
        return { kind: 'end' };
      case '[':
        at++;
        for (; source[at] !== ']'; at++) if (source[at] === '\\') at++;
        at++;
        return one(from);
      case '\\':
        if (/[1-9kbB]/.test(source[at + 1] ?? '')) throw LACKING;
        take(ESCAPE);
        return one(from);
      default:
        at += (source.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
        return one(from);
    }
  }
}

const LACKING = new Error('a construct that the own matcher does not have');
