import { expect, test } from 'vitest';
import { encodePath, formatAddress, parseAddress } from './address';

const hub = (id: string, revision = 'main', path?: string) => ({ kind: 'hub', id, revision, ...(path && { path }) });

test.each([
  ['owner/name', hub('owner/name')],
  ['  Qwen/Qwen2.5-0.5B-Instruct@v1.0 ', hub('Qwen/Qwen2.5-0.5B-Instruct', 'v1.0')],
  ['owner/name@refs/pr/3', hub('owner/name', 'refs/pr/3')],
  ['https://huggingface.co/owner/name', hub('owner/name')],
  ['huggingface.co/owner/name/', hub('owner/name')],
  ['hf.co/owner/name', hub('owner/name')],
  ['hf://owner/name@abc123', hub('owner/name', 'abc123')],
  ['https://huggingface.co/owner/name/tree/main', hub('owner/name')],
  ['https://huggingface.co/owner/name/tree/refs%2Fpr%2F3/sub/dir', hub('owner/name', 'refs/pr/3', 'sub/dir')],
  ['https://huggingface.co/owner/name/blob/v2/a%20b.gguf?download=true', hub('owner/name', 'v2', 'a b.gguf')],
  ['https://huggingface.co/owner/name/resolve/main/model.safetensors', hub('owner/name', 'main', 'model.safetensors')],
  ['https://huggingface.co/owner/name?show_file_info=x-Q8_0.gguf', hub('owner/name', 'main', 'x-Q8_0.gguf')],
  ['https://huggingface.co/owner/name/discussions/7', hub('owner/name')],
  ['https://example.org/models/tiny', { kind: 'folder', url: 'https://example.org/models/tiny/' }],
  ['https://example.org/models/tiny/config.json#top', { kind: 'folder', url: 'https://example.org/models/tiny/' }],
  ['https://example.org/m/?sig=1', { kind: 'folder', url: 'https://example.org/m/?sig=1' }],
  ['https://example.org/m/x.gguf?sig=1', { kind: 'file', url: 'https://example.org/m/x.gguf?sig=1' }],
  ['http://localhost:8000', { kind: 'folder', url: 'http://localhost:8000/' }],
])('%s', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
  expect(parseAddress(formatAddress(parseAddress(text)))).toEqual(address);
});

test.each([
  '',
  'llama',
  'owner/name/more',
  'a b/c',
  'owner/../name',
  '../../etc',
  'owner/na--me',
  'owner/name@',
  'owner/name@../x',
  'https://',
  'https://user:secret@example.org/m/',
  'https://huggingface.co/',
  'https://huggingface.co/datasets/owner/name',
  'https://huggingface.co/owner/name/blob/main/x%2F..%2Fy',
  'https://huggingface.co/owner/%E0%A4%A',
  'ftp://example.org/m',
])('“%s” is refused', (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'bad-address' }));
});

test('paths are encoded part by part', () => {
  expect(encodePath('a b/ü#?.gguf')).toBe('a%20b/%C3%BC%23%3F.gguf');
});
