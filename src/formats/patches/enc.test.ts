import { expect, test } from 'vitest';
import { checkHashes, parseEncName, readEncHash } from './enc';
import { PUBLISHED_FILES, publishedFile } from './point-alpaca';
import { bytesSource } from '../../core/source';

const HASH = 'caf9cac32580e31af8254f66c5a070741d70b15a651721748189180325b7d5a8';
const WHOLE = `config.json.${HASH}.enc`;

test.each([
  WHOLE,
  `folder/${WHOLE}`,
  `C:\\folder\\${WHOLE}`,
  `${WHOLE} (1)`,
  `${WHOLE}.txt`,
  `config.json.${HASH} (2).enc`,
  `config.json.${HASH.toUpperCase()}.ENC`,
])('%s is a published file', (name) => {
  expect(parseEncName(name)).toEqual({ plain: 'config.json', sha256: HASH, whole: WHOLE });
  expect(publishedFile(parseEncName(name)!.whole)).toMatchObject({ plain: 'config.json', bytes: 545 });
});

test.each([
  'config.json',
  'config.json.enc',
  `config.json.${HASH}`,
  `.${HASH}.enc`,
  `...${HASH}.enc`,
  `a.${HASH}.encx`,
])('%s is not an encrypted file’s name', (name) => expect(parseEncName(name)).toBeUndefined());

test('a file of another hash is not the published one', () => {
  const other = `config.json.${HASH.replace('c', 'd')}.enc`;
  expect(parseEncName(other)?.plain).toBe('config.json');
  expect(publishedFile(other)).toBeUndefined();
});

test('the table has twelve files, each in its own name', () => {
  expect(PUBLISHED_FILES.length).toBe(12);
  for (const file of PUBLISHED_FILES) {
    expect(parseEncName(file.name)).toEqual({ plain: file.plain, sha256: file.sha256, whole: file.name });
    expect(`${file.encMd5} ${file.md5}`).toMatch(/^[0-9a-f]{32} [0-9a-f]{32}$/);
  }
  const sums = PUBLISHED_FILES.flatMap(({ encMd5, md5, sha256 }) => [encMd5, md5, sha256]);
  expect(new Set(sums).size).toBe(36);
});

test('name, header and what was computed must agree', async () => {
  const name = parseEncName(WHOLE)!;
  const header = await readEncHash(bytesSource(Buffer.from(HASH, 'hex'), WHOLE));
  expect(header).toBe(HASH);
  expect(() => checkHashes(WHOLE, name, header)).not.toThrow();
  expect(() => checkHashes(WHOLE, name, header, HASH)).not.toThrow();
  const other = 'f'.repeat(64);
  expect(() => checkHashes(WHOLE, name, other)).toThrow(/name .* header/);
  expect(() => checkHashes(WHOLE, name, other, other)).toThrow(/name .* header/);
  expect(() => checkHashes(WHOLE, name, header, other)).toThrow(/decrypts/);
  await expect(readEncHash(bytesSource(new Uint8Array(0), WHOLE))).rejects.toThrow(/empty/);
  await expect(readEncHash(bytesSource(new Uint8Array(31), WHOLE))).rejects.toMatchObject({ code: 'corrupt-file' });
});
