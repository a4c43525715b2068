import { expect, test } from 'vitest';
import { shownName } from './shown-name';

test('names that people give stay as they are', () => {
  for (const name of ['Llama 3.2 1B', 'alpaca-7B (q4_0)', 'Модель № 1', 'نموذج', '模型', 'café 🦙', 'a/b:c']) {
    expect(shownName(name)).toBe(name);
  }
});

test('joiners stay where spelling needs them, and nowhere else', () => {
  const names = ['👩‍👩‍👧‍👦 family', '🏳️‍🌈', '👩🏽‍💻 coder', 'می‌خواهم', 'ශ්‍රී', 'क्‍ष'];
  for (const name of names) expect(shownName(name)).toBe(name);
  expect(shownName('pay\u200dpal \u200c x\u200d')).toBe('pay pal x');
  expect(shownName('🦙\u200d\u200d🦙')).toBe('🦙 🦙');
  expect(shownName('م\u200c\u202eخ')).toBe('م خ');
  expect(shownName('a'.repeat(117) + '👩‍👩‍👧‍👦')).toBe(`${'a'.repeat(117)}👩…`);
});

test('what would harm a page is not shown', () => {
  expect(shownName('a\u202egpj.exe\u202c')).toBe('a gpj.exe');
  expect(shownName('two\nlines\tand\0nul\u001b[31m')).toBe('two lines and nul [31m');
  expect(shownName('in\u200bvis\u2066ible\ufeff')).toBe('in vis ible');
  expect(shownName('\u200b\u202e ')).toBe('Unnamed');
  expect(shownName('')).toBe('Unnamed');
  expect(shownName(`z${'\u0301'.repeat(500)}`)).toBe(`z${'\u0301'.repeat(4)}`);
  expect(shownName('half \ud800 of a pair')).toBe('half \ufffd of a pair');
});

test('a long name is cut between letters', () => {
  const cut = shownName('🦙'.repeat(1e6));
  expect(Array.from(cut).length).toBe(120);
  expect(cut.endsWith('🦙…')).toBe(true);
  expect(shownName('a'.repeat(120))).toBe('a'.repeat(120));
});
