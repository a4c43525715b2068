// A model that thinks before it answers: its thought is folded, has a budget and a switch, and stays with the chat.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright/test';
import { TALES, TALES_FILES } from '../src/testing/fixtures';
import { findings } from './axe';
import { answered, chat, expect, goTo, say, test } from './page';

/** A short form of Qwen 3's: thoughts of earlier turns are left out, and a switch closes the thought before it begins. */
const TEMPLATE = `{% for m in messages %}{{ m.role }}: {{ m.content }}
{% if m.reasoning_content and loop.last %}{{ m.reasoning_content }}{% endif %}{% endfor %}assistant: {% if enable_thinking is not defined or enable_thinking %}<think>
{% endif %}`;

/** The small model's files as Qwen 3 has them: its heads are normalized, by ones here. */
function qwen3Files(): Map<string, Buffer> {
  const files = new Map<string, Buffer>(TALES_FILES.map((file) => [file, readFileSync(`${TALES}/${file}`)]));
  const config = JSON.parse(String(files.get('config.json'))) as Record<string, number>;
  const headDim = config['hidden_size'] / config['num_attention_heads'];
  const weights = files.get('model.safetensors') ?? Buffer.alloc(0);
  const start = 8 + Number(weights.readBigUInt64LE(0));
  const header = JSON.parse(weights.toString('utf8', 8, start)) as Record<string, unknown>;
  const data = [weights.subarray(start)];
  let end = weights.length - start;
  for (let layer = 0; layer < config['num_hidden_layers']; layer++) {
    for (const norm of ['q_norm', 'k_norm']) {
      const bytes = Buffer.from(new Float32Array(headDim).fill(1).buffer);
      header[`model.layers.${layer}.self_attn.${norm}.weight`] = {
        dtype: 'F32',
        shape: [headDim],
        data_offsets: [end, end + bytes.length],
      };
      data.push(bytes);
      end += bytes.length;
    }
  }
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const qwen3 = { ...config, model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'], head_dim: headDim };
  files.set('config.json', Buffer.from(JSON.stringify(qwen3)));
  files.set('model.safetensors', Buffer.concat([size, text, ...data]));
  return files;
}

async function useThinker(page: Page): Promise<void> {
  await page.goto('/');
  await goTo(page, 'Models');
  const payload = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/octet-stream', buffer });
  await page
    .getByLabel('Add files', { exact: true })
    .setInputFiles([
      ...Array.from(qwen3Files(), ([name, bytes]) => payload(name, bytes)),
      payload('chat_template.jinja', Buffer.from(TEMPLATE)),
    ]);
  const plan = page.getByRole('region', { name: /^Import of/ });
  await expect(plan).toContainText('Qwen3');
  await plan.getByLabel('Name').fill('Thinker');
  await plan.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('button', { name: 'Use Thinker', exact: true }).click();
  await goTo(page, 'Chat');
}

test('a thought streams into a folded block, is closed by its budget, and can be turned off', async ({ page }) => {
  await useThinker(page);
  await page.locator('[aria-controls="settings"]').click();
  const settings = page.getByRole('complementary', { name: 'Settings' });
  await settings.getByLabel('Preset', { exact: true }).selectOption('Precise');
  await settings.getByLabel('Max tokens, as a number').fill('12');
  await settings.getByLabel('Thinking budget, as a number').fill('64');
  const thinks = settings.getByRole('switch', { name: 'Think before answering' });
  await expect(thinks).toBeChecked();

  await say(page, 'Tell me a story.');
  const answer = page.getByRole('article', { name: 'Thinker' }).last();
  const thought = answer.getByRole('group');
  const summary = answer.locator('summary');
  await expect(summary).toContainText('Thought');
  // how long it took is drawn beside it: 64 tokens of its own, and those that closed it
  await expect(summary.locator('span')).toHaveAttribute('data-text', /^for .+, (6[5-9]|7\d) tokens$/);
  await expect(thought.getByText(/\w+ \w+/).last()).toBeHidden();
  await summary.focus();
  await page.keyboard.press('Enter');
  const words = await answer.locator('.thought-text').innerText();
  expect(words.length).toBeGreaterThan(40);
  const said = await answer.locator('.markdown').innerText();
  expect(said).toMatch(/\w/);
  expect(said).not.toContain('think>');

  // a form holds the answer, and not the thought before it
  await settings.getByLabel('Max tokens, as a number').fill('24');
  const form = settings.getByRole('region', { name: 'Form of the answer' });
  await form.getByLabel('Form', { exact: true }).selectOption('JSON by a schema');
  await form
    .getByLabel('JSON Schema', { exact: true })
    .fill(
      '{"type": "object", "properties": {"dog": {"type": "boolean"}}, "required": ["dog"], "additionalProperties": false}',
    );
  await say(page, 'Is it a dog?');
  const formed = page.getByRole('article', { name: 'Thinker' }).last();
  await expect(formed.locator('summary')).toContainText('Thought');
  expect(JSON.parse(await formed.locator('.markdown').innerText())).toEqual({ dog: expect.any(Boolean) });
  await form.getByLabel('Form', { exact: true }).selectOption('Any text');

  // the next question has neither the thought nor its marks before it, and everything is there after a reload
  await thinks.click();
  await expect(settings.getByLabel('Thinking budget, as a number')).toHaveCount(0);
  await say(page, 'Another one.');
  await expect(page.getByRole('article', { name: 'Thinker' }).last().locator('summary')).toHaveCount(0);
  await page.reload();
  await expect(page.locator('summary', { hasText: 'Thought' })).toHaveCount(2);
  await page.locator('summary', { hasText: 'Thought' }).first().click();
  await expect(page.locator('.thought-text').first()).toHaveText(words);
  expect(await findings(page, '.log')).toEqual([]);
  await expect(settings.getByRole('switch', { name: 'Think before answering' })).not.toBeChecked();

  // stopped within its thought, an answer goes on in it
  await settings.getByRole('switch', { name: 'Think before answering' }).click();
  await settings.getByLabel('Thinking budget, as a number').fill('512');
  const { message, send, stop } = chat(page);
  await message.fill('A long one.');
  await send.click();
  await expect(page.locator('summary', { hasText: 'Thinking' })).toBeVisible();
  await stop.click();
  await answered(page);
  await settings.getByLabel('Thinking budget, as a number').fill('64');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await answered(page);
  await expect(page.getByRole('article', { name: 'Thinker' }).last().locator('.markdown')).toContainText(/\w/);
});
