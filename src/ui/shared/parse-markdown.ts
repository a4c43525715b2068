// Markdown as data: what marked's lexer finds, reduced to what may be shown. Raw HTML is text, images are links to them,
// a line ends where its writer ended it, and only web and mail addresses become links. Nothing here, and nothing that
// draws it, makes HTML from a string.
import { lexer, type Token, type Tokens } from 'marked';

export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'break' }
  | { readonly kind: 'strong' | 'em' | 'del'; readonly inlines: readonly Inline[] }
  | { readonly kind: 'link'; readonly href: string; readonly inlines: readonly Inline[] };

export type Block = { readonly raw: string } & (
  | { readonly kind: 'paragraph'; readonly inlines: readonly Inline[] }
  /** Text of a tight list's item: no paragraph around it. */
  | { readonly kind: 'plain'; readonly inlines: readonly Inline[] }
  | { readonly kind: 'heading'; readonly depth: number; readonly inlines: readonly Inline[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }
  | { readonly kind: 'list'; readonly start: number | undefined; readonly items: readonly ListItem[] }
  | { readonly kind: 'table'; readonly header: readonly Cell[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly kind: 'rule' }
);

export interface ListItem {
  /** A task's state; undefined where it is none. */
  readonly checked: boolean | undefined;
  readonly blocks: readonly Block[];
}

export interface Cell {
  readonly align: 'left' | 'right' | 'center' | undefined;
  readonly inlines: readonly Inline[];
}

const BREAK: Inline = { kind: 'break' };

/** A line over a single dash: the beginning of a list far oftener than a heading. */
const BARE_DASH = /\n {0,3}-\s*$/;

/** An address that may be linked, or undefined. */
export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** A last line that may still become anything: a bare list marker, or the beginning of a heading, a rule or a fence. */
const UNDECIDED = /(?:^|\n)[ \t]*(?:[-*+_=|]+|\d{1,9}[.)]?|#{1,6}|`{1,2})[ \t]*$/;

/** Text that is still growing, without a last line that would be drawn as something that it rarely becomes. */
export const withoutUndecided = (text: string): string => text.replace(UNDECIDED, '');

/**
 * Markdown to blocks. Given what the same text's beginning became, unchanged blocks are the same objects, so that while
 * text streams in only the last one is drawn again.
 */
export function parseMarkdown(text: string, before: readonly Block[] = []): readonly Block[] {
  const tokens = lexer(text, { gfm: true, breaks: true });
  // a definition may change links anywhere
  const reuse = !tokens.some(({ type }) => type === 'def');
  const blocks = blocksOf(tokens);
  return reuse ? blocks.map((block, i) => (before[i]?.raw === block.raw ? before[i] : block)) : blocks;
}

function blocksOf(tokens: readonly Token[]): Block[] {
  return tokens.flatMap((token) => {
    const block = blockOf(token);
    return block ? [block] : [];
  });
}

function blockOf(token: Token): Block | undefined {
  const { raw } = token;
  switch (token.type) {
    case 'space':
    case 'def':
      return undefined;
    case 'hr':
      return { raw, kind: 'rule' };
    case 'paragraph':
      return { raw, kind: 'paragraph', inlines: inlinesOf(token.tokens ?? []) };
    case 'text':
      return {
        raw,
        kind: 'plain',
        inlines: token.tokens ? inlinesOf(token.tokens) : plain((token as Tokens.Text).text),
      };
    case 'heading':
      if (BARE_DASH.test(raw))
        return { raw, kind: 'paragraph', inlines: [...inlinesOf(token.tokens ?? []), BREAK, ...plain('-')] };
      return { raw, kind: 'heading', depth: (token as Tokens.Heading).depth, inlines: inlinesOf(token.tokens ?? []) };
    case 'code': {
      const { lang = '', text } = token as Tokens.Code;
      return { raw, kind: 'code', language: lang.split(/\s/)[0], text };
    }
    case 'blockquote':
      return { raw, kind: 'quote', blocks: blocksOf(token.tokens ?? []) };
    case 'list': {
      const { ordered, start, items } = token as Tokens.List;
      // `2.` alone is an answer, not a list
      if (items.every(({ text, task }) => text === '' && !task)) return { raw, kind: 'paragraph', inlines: lines(raw) };
      return { raw, kind: 'list', start: ordered ? Number(start) || 0 : undefined, items: items.map(itemOf) };
    }
    case 'table': {
      const { header, rows } = token as Tokens.Table;
      return { raw, kind: 'table', header: header.map(cellOf), rows: rows.map((row) => row.map(cellOf)) };
    }
    default:
      // raw HTML, and whatever else there is
      return { raw, kind: 'paragraph', inlines: lines(raw) };
  }
}

const itemOf = ({ task, checked, tokens }: Tokens.ListItem): ListItem => ({
  checked: task ? Boolean(checked) : undefined,
  blocks: blocksOf(tokens.filter(({ type }) => type !== 'checkbox')),
});

const cellOf = ({ align, tokens }: Tokens.TableCell): Cell => ({
  align: align ?? undefined,
  inlines: inlinesOf(tokens),
});

const plain = (text: string): Inline[] => [{ kind: 'text', text }];

/** Text that is drawn as it was written, each line on its own. */
const lines = (text: string): Inline[] =>
  text
    .trimEnd()
    .split('\n')
    .flatMap((line, i) => [...(i > 0 ? [BREAK] : []), ...plain(line)]);

function inlinesOf(tokens: readonly Token[]): Inline[] {
  return tokens.flatMap((token): Inline[] => {
    switch (token.type) {
      case 'strong':
      case 'em':
      case 'del':
        return [{ kind: token.type, inlines: inlinesOf(token.tokens ?? []) }];
      case 'codespan':
        return [{ kind: 'code', text: (token as Tokens.Codespan).text }];
      case 'br':
        return [{ kind: 'break' }];
      case 'link':
        return linkOf(token as Tokens.Link);
      case 'image':
        return imageOf(token as Tokens.Image);
      case 'text':
      case 'escape':
        return token.type === 'text' && token.tokens ? inlinesOf(token.tokens) : plain((token as Tokens.Text).text);
      default:
        return plain(token.raw);
    }
  });
}

function linkOf({ href, tokens, raw }: Tokens.Link): Inline[] {
  const safe = safeHref(href);
  return safe === undefined ? plain(raw) : [{ kind: 'link', href: safe, inlines: inlinesOf(tokens) }];
}

/** A picture would be fetched from somewhere; its address can be followed instead. */
function imageOf({ href, text, raw }: Tokens.Image): Inline[] {
  const safe = safeHref(href);
  return safe === undefined ? plain(raw) : [{ kind: 'link', href: safe, inlines: plain(text || href) }];
}
