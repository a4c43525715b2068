// Cutting a text at the tokens that are whole spellings: special ones, and those that came after training. Each kind of
// file has a program that says how (tokenizers for tokenizer.json, transformers' Python for tokenizer.model, llama.cpp
// for GGUF), and they differ in what they do with white space and words around a token.

import type { AddedToken } from '../core/checkpoint';
import { type MarkedText, partOf, untrusted } from './marked-text';
import { anyOf } from './spellings';

/** An added token, or the text between two. */
export type Part =
  | { readonly token: AddedToken; readonly text?: never }
  | { readonly token?: never; readonly text: MarkedText };

/** Cuts a text; the text parts keep their order, and none is empty. */
export type Cutter = (text: MarkedText) => Part[];

/** Unicode's White_Space, which JavaScript's \s is not quite. */
const isSpace = (letter: string) => /\p{White_Space}/u.test(letter);
/** What Python's `str.strip` takes: four control characters more. */
const isPythonSpace = (letter: string) => isSpace(letter) || (letter >= '\u001c' && letter <= '\u001f');
const WORD = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]`;
const [ENDS_WITH_WORD, BEGINS_WITH_WORD] = [new RegExp(`${WORD}$`, 'u'), new RegExp(`^${WORD}`, 'u')];

interface Found {
  readonly token: AddedToken;
  readonly start: number;
  readonly end: number;
}

/** Finds tokens from left to right, the longest of those that begin at a place; special ones in trusted text only. */
function finder(tokens: readonly AddedToken[]): (text: MarkedText) => Generator<Found, void, void> {
  const byLength = tokens
    .filter(({ content }) => content !== '')
    .toSorted((a, b) => b.content.length - a.content.length);
  const any = anyOf(byLength.map(({ content }) => content));
  const byContent = new Map(byLength.map((token) => [token.content, token]));
  return function* (whole) {
    if (!any) return;
    const { text, isTrusted } = whole;
    const accepted = ({ special, content }: AddedToken, start: number) =>
      !special || isTrusted(start, start + content.length);
    for (let at = 0; ; ) {
      any.lastIndex = at;
      const match = any.exec(text);
      if (!match) return;
      const start = match.index;
      let token = byContent.get(match[0]);
      // what people wrote hides no shorter token that is theirs to write
      if (token && !accepted(token, start)) {
        token = byLength.find((each) => text.startsWith(each.content, start) && accepted(each, start));
      }
      at = token ? start + token.content.length : start + 1;
      if (token) yield { token, start, end: at };
    }
  };
}

/** The way of Hugging Face's `tokenizers`. */
export function cutterOfTokenizers(tokens: readonly AddedToken[]): Cutter {
  const find = finder(tokens);
  return (whole) => {
    const { text } = whole;
    const parts: Part[] = [];
    let from = 0;
    for (const found of find(whole)) {
      const { token } = found;
      let { start, end } = found;
      if (token.singleWord && isInWord(text, start, end)) continue;
      // white space that the token before has taken is gone
      if (token.lstrip) start = spaceBefore(text, start, from, isSpace);
      if (token.rstrip) end = spaceAfter(text, end, text.length, isSpace);
      if (from < start) parts.push({ text: partOf(whole, from, start) });
      parts.push({ token });
      from = end;
    }
    if (from < text.length) parts.push({ text: partOf(whole, from, text.length) });
    return parts;
  };
}

function isInWord(text: string, start: number, end: number): boolean {
  // one character, of two code units at most
  const [before, after] = [text.slice(Math.max(0, start - 2), start), text.slice(end, end + 2)];
  return ENDS_WITH_WORD.test(before) || BEGINS_WITH_WORD.test(after);
}

/** Where the white space in front of a place begins. */
function spaceBefore(text: string, at: number, limit: number, matches: (letter: string) => boolean): number {
  let start = at;
  while (start > limit && matches(text.charAt(start - 1))) start--;
  return start;
}

/** Where the white space behind a place ends. */
function spaceAfter(text: string, at: number, limit: number, matches: (letter: string) => boolean): number {
  let end = at;
  while (end < limit && matches(text.charAt(end))) end++;
  return end;
}

/** The way of transformers' tokenizers in Python, which read `tokenizer.model`. */
export function cutterOfPython(tokens: readonly AddedToken[]): Cutter {
  const find = finder(tokens);
  return (whole) => {
    const { text } = whole;
    const parts: { text: string; token?: AddedToken | undefined }[] = [];
    let from = 0;
    for (const { token, start, end } of find(whole)) {
      if (from < start) parts.push({ text: text.slice(from, start) });
      parts.push({ text: token.content, token });
      from = end;
    }
    if (from < text.length) parts.push({ text: text.slice(from) });
    for (const [i, part] of parts.entries()) {
      const { token } = part;
      if (!token) continue;
      const [left, right] = [parts[i - 1], parts[i + 1]];
      const [before, after] = [left?.text.at(-1) ?? ' ', right?.text.at(0) ?? ' '];
      if (token.rstrip && right) right.text = withoutStart(right.text);
      if (token.lstrip && left) left.text = withoutEnd(left.text);
      if (!token.singleWord) continue;
      // a token within a word is a piece of its neighbour's text, and that of a token is text by it
      const joined = (both: string) => ({ text: both, token: both === token.content ? token : undefined });
      if (left && before !== ' ') Object.assign(left, joined(left.text + part.text));
      else if (right && after !== ' ') Object.assign(right, joined(part.text + right.text));
      else continue;
      Object.assign(part, { text: '', token: undefined });
    }
    return parts
      .filter((part) => part.text !== '')
      .map((part) => (part.token ? { token: part.token } : { text: untrusted(part.text) }));
  };
}

function withoutStart(text: string): string {
  return text.slice(spaceAfter(text, 0, text.length, isPythonSpace));
}

function withoutEnd(text: string): string {
  return text.slice(0, spaceBefore(text, text.length, 0, isPythonSpace));
}

/** The way of llama.cpp: the longest token of all is looked for first, everywhere; then the next. */
export function cutterOfLlamaCpp(tokens: readonly AddedToken[]): Cutter {
  const utf8 = new TextEncoder();
  const sized = tokens
    .filter(({ content }) => content !== '')
    .map((token) => [utf8.encode(token.content).length, token] as const);
  const byLength = sized.toSorted(([a], [b]) => b - a).map(([, token]) => token);
  const any = anyOf(byLength.map(({ content }) => content));
  return (whole) => {
    let parts: Part[] = whole.text === '' ? [] : [{ text: whole }];
    if (!any || whole.text.search(any) < 0) return parts;
    for (const token of byLength) {
      if (whole.text.includes(token.content)) parts = parts.flatMap((part) => cutAt(part, token));
    }
    return parts;
  };
}

function cutAt(part: Part, token: AddedToken): Part[] {
  if (part.token) return [part];
  const { content, special } = token;
  const { text, isTrusted } = part.text;
  const parts: Part[] = [];
  let from = 0;
  for (let at = text.indexOf(content); at >= 0; ) {
    const end = at + content.length;
    if (special && !isTrusted(at, end)) {
      at = text.indexOf(content, at + 1);
      continue;
    }
    if (from < at) parts.push({ text: partOf(part.text, from, at) });
    parts.push({ token });
    from = end;
    at = text.indexOf(content, end);
  }
  if (from === 0) return [part];
  if (from < text.length) parts.push({ text: partOf(part.text, from, text.length) });
  return parts;
}
