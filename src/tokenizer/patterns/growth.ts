// How the time of JavaScript's own matcher may grow with a text. It tries what fails again in other ways; two unbounded repeats
// inside each other make that exponential, and each one behind another adds a power.

import type { Node } from './parse';

/** Ways that a choice or a short repeat may be taken in one sequence: a constant, but not any. */
const CHOICES = 24;

/**
 * Unbounded repeats that a matching may go back into, one behind the other; undefined where it may grow exponentially.
 */
export function power(node: Node): number | undefined {
  const found = measure(node);
  return found.nested || found.optional > CHOICES ? undefined : found.repeats;
}

interface Measure {
  /** Unbounded repeats on one way through. */
  readonly repeats: number;
  /** Short repeats and choices on one way through. */
  readonly optional: number;
  readonly nested: boolean;
  /** Whether it has one length and one way to match. */
  readonly plain: boolean;
}

const PLAIN: Measure = { repeats: 0, optional: 0, nested: false, plain: true };

function measure(node: Node): Measure {
  switch (node.kind) {
    case 'all':
      return node.parts.map(measure).reduce(behind, PLAIN);
    case 'any': {
      const choices = node.choices.map(measure);
      const most = (of: (each: Measure) => number) => Math.max(...choices.map(of));
      // choices of one character each would be as good as a class; nobody writes them that way
      return {
        repeats: most((each) => each.repeats),
        optional: most((each) => each.optional) + 1,
        nested: choices.some((each) => each.nested),
        plain: false,
      };
    }
    case 'repeat': {
      const body = measure(node.body);
      if (node.most === 1) return { ...body, optional: body.optional + 1, plain: false };
      if (node.least === node.most && body.plain) return body;
      if (!body.plain) return { ...body, nested: true };
      return node.most > 8
        ? { ...PLAIN, repeats: 1, plain: false }
        : { ...PLAIN, optional: node.most - node.least, plain: false };
    }
    case 'look':
      // it is tried at every place, whatever stands in front
      return { ...measure(node.body), plain: false };
    default:
      return PLAIN;
  }
}

function behind(a: Measure, b: Measure): Measure {
  return {
    repeats: a.repeats + b.repeats,
    optional: a.optional + b.optional,
    nested: a.nested || b.nested,
    plain: a.plain && b.plain,
  };
}
