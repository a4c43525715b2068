// Templates and conversations as jinja2 renders them for transformers (tools/golden/chat_template.py).
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../chat-message';
import { renderChat, renderTemplate } from '../chat-template';
import { Template } from './index';

type Rendered = string | { error: string };
interface Golden {
  conversations: ChatMessage[][];
  templates: { name: string; source: string; texts: Rendered[] }[];
  thoughts: {
    conversations: ChatMessage[][];
    rendered: { template: string; thinking: boolean | null; texts: string[] }[];
  };
  one: ChatMessage[];
  small: [source: string, rendered: Rendered][];
}

const file = new URL('../golden/chat-templates.json.gz', import.meta.url);
const golden = JSON.parse(new TextDecoder().decode(gunzipSync(readFileSync(file)))) as Golden;
const tokens = { bos_token: '<s>', eos_token: '</s>' };

function render(source: string, messages: readonly ChatMessage[], addGenerationPrompt: boolean) {
  return renderTemplate(new Template(source), messages, tokens, addGenerationPrompt);
}

function textOrError(source: string, messages: readonly ChatMessage[], addGenerationPrompt = true): Rendered {
  try {
    return render(source, messages, addGenerationPrompt).text;
  } catch (error) {
    return { error: String(error) };
  }
}

const LACKING = /which Pronk does not have/;

describe('every conversation in', () => {
  test.each(golden.templates)('$name', ({ source, texts }) => {
    expect(texts.length).toBeGreaterThanOrEqual(60);
    for (const [i, messages] of golden.conversations.entries()) {
      const wanted = texts[i];
      const got = textOrError(source, messages, i % 3 > 0);
      if (typeof wanted === 'string') expect(got).toBe(wanted);
      else expect(got).toEqual({ error: expect.stringContaining(wanted?.error.split(': ')[1] ?? '') as string });
    }
  });
});

test('each rule of Jinja and Python by itself', () => {
  const wrong: unknown[] = [];
  let lacking = 0;
  for (const [source, wanted] of golden.small) {
    const got = textOrError(source, golden.one);
    if (typeof got !== 'string' && LACKING.test(got.error)) lacking++;
    // an error is one in both; its words may differ
    else if (typeof wanted === 'string' ? got !== wanted : typeof got === 'string') wrong.push({ source, wanted, got });
  }
  expect(wrong).toEqual([]);
  // named, and few
  expect(lacking).toBeLessThan(15);
});

test.each(golden.thoughts.rendered)(
  'thoughts in $template, with thinking $thinking',
  ({ template, thinking, texts }) => {
    const chatTemplate = golden.templates.find(({ name }) => name === template)?.source;
    const render = (messages: readonly ChatMessage[], asked: boolean | null) =>
      renderChat({ chatTemplate, specialTokens: tokens }, messages, {
        addGenerationPrompt: true,
        ...(asked !== null && { thinking: asked }),
      })
        .map(({ text }) => text)
        .join('');
    expect(golden.thoughts.conversations.map((messages) => render(messages, thinking))).toEqual(texts);
    // a switch that is not the template's default is seen in the text
    const other = golden.thoughts.conversations.map((messages) => render(messages, thinking === false));
    if (template !== 'deepseek-r1') expect(other).not.toEqual(texts);
  },
);
