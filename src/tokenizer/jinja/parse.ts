// A template's source as statements.

import { syntaxError, unsupported } from './errors';
import { tokenize } from './lexer';
import type { Branch, Expression, Signature, Statement, Target } from './nodes';
import { parseExpression, parseFilterName, parseTuple } from './parse-expression';
import { Tokens } from './tokens';

/** Statements of Jinja that have no meaning for one template alone. */
const LACKING = new Set(['block', 'extends', 'include', 'import', 'from', 'autoescape', 'debug', 'trans', 'do']);

/** @throws TemplateError */
export function parse(source: string): Statement[] {
  const tokens = new Tokens(tokenize(source));
  return parseBody(tokens, [], false);
}

/** Statements up to a tag of one of the names, which is taken up to its name. */
function parseBody(tokens: Tokens, ends: readonly string[], inLoop: boolean): Statement[] {
  return tokens.nested(() => {
    const body: Statement[] = [];
    for (;;) {
      const { type, value } = tokens.next();
      if (type === 'text') body.push({ kind: 'text', text: value });
      else if (type === 'print') {
        body.push({ kind: 'print', value: parseTuple(tokens) });
        tokens.expect('print-end');
      } else if (type === 'block') {
        if (ends.length && tokens.is('name', ...ends)) return body;
        body.push(parseStatement(tokens, inLoop));
        tokens.expect('block-end');
      } else if (ends.length) throw syntaxError(`missing ${ends.join(' or ')}`, tokens.current.line);
      else return body;
    }
  });
}

/** The body of a block after its head, and the tag that ends it. */
function parseBlock(tokens: Tokens, end: string, inLoop: boolean): Statement[] {
  tokens.expect('block-end');
  const body = parseBody(tokens, [end], inLoop);
  tokens.next();
  return body;
}

/** A statement's inside: what follows is the end of a tag. */
function parseStatement(tokens: Tokens, inLoop: boolean): Statement {
  const name = tokens.expect('name').value;
  switch (name) {
    case 'if':
      return parseIf(tokens, inLoop);
    case 'for':
      return parseFor(tokens, inLoop);
    case 'set':
      return parseSet(tokens, inLoop);
    case 'macro': {
      const macro = tokens.expect('name').value;
      const signature = parseSignature(tokens);
      return { kind: 'macro', name: macro, signature, body: parseBlock(tokens, 'endmacro', false) };
    }
    case 'call': {
      const signature = tokens.is('operator', '(') ? parseSignature(tokens) : { parameters: [] };
      const call = parseExpression(tokens);
      if (call.kind !== 'call') throw tokens.error('a call block without a call');
      return { kind: 'call-block', call, signature, body: parseBlock(tokens, 'endcall', false) };
    }
    case 'filter': {
      const filters = parseFilterChain(tokens);
      return { kind: 'filter-block', filters, body: parseBlock(tokens, 'endfilter', inLoop) };
    }
    case 'with': {
      const values: [Target, Expression][] = [];
      while (!tokens.is('block-end')) {
        if (values.length) tokens.expect('operator', ',');
        const target = parseTarget(tokens, []);
        tokens.expect('operator', '=');
        values.push([target, parseExpression(tokens)]);
      }
      return { kind: 'with', values, body: parseBlock(tokens, 'endwith', inLoop) };
    }
    case 'generation':
      return { kind: 'scope', body: parseBlock(tokens, 'endgeneration', false) };
    case 'print':
      return { kind: 'print', value: parseTuple(tokens) };
    case 'break':
    case 'continue':
      if (!inLoop) throw tokens.error(`“${name}” outside of a loop`);
      return { kind: name };
    default:
      if (LACKING.has(name)) throw unsupported(`the statement “${name}”`);
      throw tokens.error(`unknown statement “${name}”`);
  }
}

function parseIf(tokens: Tokens, inLoop: boolean): Statement {
  const branches: Branch[] = [];
  for (;;) {
    const test = parseTuple(tokens, { conditions: false });
    tokens.expect('block-end');
    branches.push({ test, body: parseBody(tokens, ['elif', 'else', 'endif'], inLoop) });
    const { value } = tokens.next();
    if (value === 'elif') continue;
    return { kind: 'if', branches, otherwise: value === 'else' ? parseBlock(tokens, 'endif', inLoop) : [] };
  }
}

function parseFor(tokens: Tokens, inLoop: boolean): Statement {
  const target = parseTarget(tokens, ['in']);
  tokens.expect('name', 'in');
  const list = parseTuple(tokens, { conditions: false, ends: ['recursive'] });
  const test = tokens.skip('name', 'if') ? parseExpression(tokens) : undefined;
  const recursive = tokens.skip('name', 'recursive');
  tokens.expect('block-end');
  const body = parseBody(tokens, ['endfor', 'else'], true);
  const otherwise = tokens.next().value === 'else' ? parseBlock(tokens, 'endfor', inLoop) : [];
  return { kind: 'for', target, list, ...(test && { test }), recursive, body, otherwise };
}

function parseSet(tokens: Tokens, inLoop: boolean): Statement {
  const target = parseTarget(tokens, []);
  if (tokens.skip('operator', '=')) return { kind: 'set', target, value: parseTuple(tokens) };
  const filters = tokens.skip('operator', '|') ? parseFilterChain(tokens) : [];
  return { kind: 'set-block', target, filters, body: parseBlock(tokens, 'endset', inLoop) };
}

function parseFilterChain(tokens: Tokens) {
  const filters = [parseFilterName(tokens)];
  while (tokens.skip('operator', '|')) filters.push(parseFilterName(tokens));
  return filters;
}

function parseTarget(tokens: Tokens, ends: readonly string[]): Target {
  const one = (): Target => {
    if (tokens.skip('operator', '(')) {
      const inside = parseTarget(tokens, []);
      tokens.expect('operator', ')');
      return inside;
    }
    const { value: name } = tokens.expect('name');
    if (!tokens.skip('operator', '.')) return { kind: 'name', name };
    return { kind: 'field', name, field: tokens.expect('name').value };
  };
  const targets = [one()];
  let isTuple = false;
  while (tokens.skip('operator', ',')) {
    isTuple = true;
    if (tokens.is('operator', '=', ')') || (ends.length && tokens.is('name', ...ends))) break;
    targets.push(one());
  }
  const [first] = targets;
  return first && !isTuple ? first : { kind: 'names', targets };
}

function parseSignature(tokens: Tokens): Signature {
  const parameters: { name: string; preset?: Expression }[] = [];
  tokens.expect('operator', '(');
  while (!tokens.skip('operator', ')')) {
    if (parameters.length) tokens.expect('operator', ',');
    const { value: name } = tokens.expect('name');
    if (tokens.skip('operator', '=')) parameters.push({ name, preset: parseExpression(tokens) });
    else if (parameters.some(({ preset }) => preset))
      throw tokens.error('a parameter without a default after one with a default');
    else parameters.push({ name });
  }
  return { parameters };
}
