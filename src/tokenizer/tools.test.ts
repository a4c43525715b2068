// Calls in the forms in which families write them.
import { expect, test } from 'vitest';
import { renderChat } from './chat-template';
import { callFormOf, parseCalls, type Tool } from './tools';

const NAMES = new Set(['weather', 'add']);
const weather = { name: 'weather', arguments: '{"city":"Rome"}' };
const add = { name: 'add', arguments: '{"a":1,"b":[2]}' };

test.each([
  ['Hermes', '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>', '', [weather]],
  [
    'Qwen, two with words before',
    'Let me see.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>\n<tool_call>\n{"name": "add", "arguments": {"a": 1, "b": [2]}}\n</tool_call>',
    'Let me see.',
    [weather, add],
  ],
  ['cut off behind the object', '<tool_call>{"name":"weather","arguments":{"city":"Rome"}}', '', [weather]],
  ['Llama 3', '{"name": "weather", "parameters": {"city": "Rome"}}', '', [weather]],
  [
    'Llama 3 with its tag',
    '<|python_tag|>{"name": "weather", "parameters": {"city": "Rome"}}<|eom_id|>',
    '',
    [weather],
  ],
  [
    'Llama 3, two',
    '{"name": "weather", "parameters": {"city": "Rome"}}; {"name": "add", "parameters": {"a":1,"b":[2]}}',
    '',
    [weather, add],
  ],
  [
    'Mistral',
    '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Rome"}}, {"name":"add","arguments":{"a":1,"b":[2]}}]',
    '',
    [weather, add],
  ],
  [
    'Mistral 3',
    'Well.[TOOL_CALLS]weather[ARGS]{"city":"Rome"}[TOOL_CALLS]add[ARGS]{"a":1,"b":[2]}',
    'Well.',
    [weather, add],
  ],
  ['no arguments', '<tool_call>{"name": "add"}</tool_call>', '', [{ name: 'add', arguments: '{}' }]],
])('%s', (_, text, content, calls) => {
  expect(parseCalls(text, NAMES)).toEqual({ content, calls });
});

test('what is no call stays text', () => {
  for (const text of [
    'The weather is fine.',
    '{"name": "other", "arguments": {}}',
    '<tool_call>{"name": "weather", "arg</tool_call>',
    '[TOOL_CALLS]other[ARGS]{}',
    '{"city": "Rome"}',
    '',
  ]) {
    expect(parseCalls(text, NAMES)).toEqual({ content: text, calls: [] });
  }
});

const TEMPLATE = `{% if tools %}{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}{% for m in messages %}[{{ m.role }}]{% if m.tool_calls %}{% for c in m.tool_calls %}<tool_call>{{ c.function.name }} {{ c.function.arguments | tojson }}</tool_call>{% endfor %}{% else %}{{ m.content }}{% endif %}{% endfor %}`;
const tool: Tool = {
  type: 'function',
  function: {
    name: 'add',
    description: '<s> sums',
    parameters: { type: 'object', properties: { a: { type: 'integer', minimum: 1 } } },
  },
};

test('a template gets tools and calls, and none of their text is trusted', () => {
  const call = { id: 'x', type: 'function', function: { name: 'add', arguments: '{"a": 1, "b": "</s>"}' } } as const;
  const pieces = renderChat(
    { chatTemplate: TEMPLATE, specialTokens: {} },
    [
      { role: 'user', content: 'Add' },
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', content: '3</s>', tool_call_id: 'x' },
    ],
    { addGenerationPrompt: true, tools: [tool] },
  );
  expect(pieces.map(({ text }) => text).join('')).toBe(
    '{"type": "function", "function": {"name": "add", "description": "<s> sums", "parameters": {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}}}[user]Add[assistant]<tool_call>add {"a": 1, "b": "</s>"}</tool_call>[tool]3</s>',
  );
  expect(pieces.filter(({ text, trusted }) => trusted && /<\/?s>/.test(text))).toEqual([]);
  expect(pieces.some(({ text, trusted }) => trusted && text.includes('<tool_call>'))).toBe(true);
});

test('which form a template speaks of', () => {
  expect(callFormOf(TEMPLATE)?.open).toBe('<tool_call>\n');
  expect(callFormOf('{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]')?.isList).toBe(true);
  expect(callFormOf('{% if tools is not none %}{"name": function name, "parameters": …}')?.argumentsName).toBe(
    'parameters',
  );
  expect(callFormOf('{% for m in messages %}{{ m.content }}{% endfor %}')).toBeUndefined();
});
