// Sums that a row asks for in so many words, worked out: the wrong answers that can be told from a text alone.

const ASKED =
  /^(?:what (?:is|are|does)|calculate|compute|evaluate|find|solve|add|subtract|multiply|divide|work out|perform|simplify)\b/i;
/** Whatever may be part of a sum. */
const RUN = /[\d.,()^+\-−–*x×÷/=\s]+/g;
/** One operation on two numbers, and nothing more; hyphens and strokes without spaces are more often dates and ranges. */
const SUM = /^\s*(-?\d+(?:\.\d+)?)(\s*[+*×÷]\s*|\s+[-−–x/]\s+)(\d+(?:\.\d+)?)[\s=.,]*$/;
const NUMBER = /-?\d+(?:,\d{3})*(?:\.\d+)?/g;

/** The sentence about a sum whose result the output does not have. */
export function wrongSum(row: {
  readonly instruction: string;
  readonly input: string;
  readonly output: string;
}): string | undefined {
  const { instruction, input, output } = row;
  if (!ASKED.test(instruction.trim())) return undefined;
  const runs =
    (input.trim() === '' ? instruction : input).match(RUN)?.filter((run) => /\d\s*[^\d\s.,]/.test(run)) ?? [];
  const [text, left, sign = '', right] = (runs.length === 1 && SUM.exec(runs[0])) || [];
  if (text === undefined) return undefined;
  const result = calculate(Number(left), sign.trim(), Number(right));
  const numbers = (output.match(NUMBER) ?? []).map((number) => Number(number.replaceAll(',', '')));
  if (!Number.isFinite(result) || numbers.length === 0) return undefined;
  // as many digits as the answer took
  const close = (number: number) => Math.abs(number - result) <= Math.max(0.01, Math.abs(result) * 0.005);
  return numbers.some(close)
    ? undefined
    : `It asks for ${text.trim().replace(/[\s=.,]+$/, '')}, which is ${Number(result.toPrecision(6))}, and its output does not say so.`;
}

function calculate(left: number, sign: string, right: number): number {
  switch (sign) {
    case '+':
      return left + right;
    case '*':
    case '×':
    case 'x':
      return left * right;
    case '/':
    case '÷':
      return left / right;
    default:
      return left - right;
  }
}
