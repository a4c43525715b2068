import { array, assert, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toMarkdown } from '../chat/export';
import {
  addTurn,
  type Conversation,
  mentions,
  mergeConversation,
  messagesTo,
  newConversation,
  openParts,
  parseConversation,
  pathTo,
  shownPath,
  siblings,
  titleOf,
  type Turn,
  withoutWriter,
  writersOf,
} from './conversation';

const turn = (id: string, parent: string | null, role: Turn['role'], content = id): Turn => ({
  id,
  parent,
  role,
  content,
  createdAt: 0,
});

/** q1 → a1 → q2 → a2, each with its own words. */
function conversation(system = ''): Conversation {
  const made = newConversation('c', system, 0);
  addTurn(made, turn('q1', null, 'user'));
  addTurn(made, turn('a1', 'q1', 'assistant'));
  addTurn(made, turn('q2', 'a1', 'user'));
  addTurn(made, turn('a2', 'q2', 'assistant'));
  return made;
}

const shownIds = (made: Conversation) => shownPath(made).map(({ id }) => id);

describe('branches', () => {
  test('a straight conversation is shown as it was said', () => {
    expect(shownIds(conversation())).toEqual(['q1', 'a1', 'q2', 'a2']);
  });

  test('a further answer is shown beside the first, which stays', () => {
    const made = conversation();
    addTurn(made, turn('a2b', 'q2', 'assistant'));
    expect(shownIds(made)).toEqual(['q1', 'a1', 'q2', 'a2b']);
    expect(siblings(made, made.turns[3]).map(({ id }) => id)).toEqual(['a2', 'a2b']);
    made.shown['q2'] = 'a2';
    expect(shownIds(made)).toEqual(['q1', 'a1', 'q2', 'a2']);
  });

  test('another first question hides what followed the old one, and going back shows all of it', () => {
    const made = conversation();
    addTurn(made, turn('q1b', null, 'user'));
    expect(shownIds(made)).toEqual(['q1b']);
    made.shown[''] = 'q1';
    expect(shownIds(made)).toEqual(['q1', 'a1', 'q2', 'a2']);
  });

  test('a choice that is not there falls back to the latest', () => {
    const made = conversation();
    made.shown['q2'] = 'nothing';
    expect(shownIds(made).at(-1)).toBe('a2');
  });

  test('any tree shows a path from the root whose turns follow one another', () => {
    const parents = array(nat(), { minLength: 1, maxLength: 40 });
    assert(
      property(parents, (numbers) => {
        const made = newConversation('c', '', 0);
        for (const [i, number] of numbers.entries()) {
          const parent = i === 0 ? null : (made.turns[number % i]?.id ?? null);
          addTurn(made, turn(`t${i}`, parent, 'user'));
        }
        const path = shownPath(made);
        expect(path[0].parent).toBe(null);
        for (const [i, each] of path.entries()) if (i > 0) expect(each.parent).toBe(path[i - 1].id);
        // what was added last is in sight
        expect(path.map(({ id }) => id)).toContain(`t${numbers.length - 1}`);
        expect(pathTo(made, path.at(-1)!.id)).toEqual(path);
      }),
    );
  });

  test('a ring of parents ends', () => {
    const made = newConversation('c', '', 0);
    made.turns.push(turn('a', 'b', 'user'), turn('b', 'a', 'assistant'));
    expect(shownPath(made)).toEqual([]);
    expect(pathTo(made, 'a')).toHaveLength(2);
  });
});

describe('what the model is told', () => {
  const roles = (made: Conversation, id: string) =>
    messagesTo(made, id).map(({ role, content }) => `${role} ${content}`);

  test('the branch up to the question, after the system prompt', () => {
    expect(roles(conversation(' Be brief. '), 'q2')).toEqual([
      'system Be brief.',
      'user q1',
      'assistant a1',
      'user q2',
    ]);
  });

  test('nothing of other branches', () => {
    const made = conversation();
    addTurn(made, turn('q2b', 'a1', 'user'));
    expect(roles(made, 'q2b')).toEqual(['user q1', 'assistant a1', 'user q2b']);
  });

  test('a question whose answer failed is left out, so that roles alternate', () => {
    const made = conversation();
    made.turns[1].content = '';
    expect(roles(made, 'q2')).toEqual(['user q2']);
  });
});

describe('a thought', () => {
  const thought = { text: 'Two and two.', tokens: 5, ms: 1000 };

  test('is told beside what was said, and a question that was thought about and not answered is left out', () => {
    const made = conversation();
    made.turns[1].thought = thought;
    made.turns[3].thought = thought;
    made.turns[3].content = '';
    addTurn(made, turn('q3', 'a2', 'user'));
    expect(messagesTo(made, 'q3')).toEqual([
      { role: 'user', content: 'q1' },
      { role: 'assistant', content: 'a1', reasoning_content: 'Two and two.' },
      { role: 'user', content: 'q3' },
    ]);
    expect(toMarkdown(made)).toContain('<summary>Thought</summary>\n\nTwo and two.\n\n</details>\n\na1');
  });

  test('that was stopped can be gone on with by its tokens', () => {
    const answer = { ...turn('a', 'q', 'assistant', ''), state: 'abort' as const, thought };
    expect(openParts({ ...answer, tokens: { model: 'm', ids: [1, 2] } }).own).toBe(true);
    expect(openParts(answer).own).toBe(false);
    expect(openParts(turn('a', 'q', 'assistant', '')).own).toBe(false);
  });
});

describe('what is stored', () => {
  test('comes back as it was', () => {
    expect(parseConversation(structuredClone(conversation('s')))).toEqual(conversation('s'));
  });

  test('an answer that was cut off says so and keeps its text', () => {
    const made = conversation();
    made.turns[3].state = 'streaming';
    const [, , , answer] = parseConversation(made)!.turns;
    expect(answer).toMatchObject({ content: 'a2', state: 'failed', error: { code: 'interrupted' } });
  });

  test('what is no conversation is refused', () => {
    expect(parseConversation({ id: 'x', updatedAt: 0 })).toBeUndefined();
  });
});

describe('the same conversation in two tabs', () => {
  const copies = () => [conversation(), conversation()] as const;
  const none = new Set<string>();

  test('what was said in either is in both', () => {
    const [mine, theirs] = copies();
    addTurn(mine, turn('q3', 'a2', 'user'));
    addTurn(theirs, turn('q3b', 'a2', 'user'));
    theirs.updatedAt = 5;
    const merged = mergeConversation(mine, theirs, none);
    expect(merged.turns.map(({ id }) => id).toSorted()).toEqual(['a1', 'a2', 'q1', 'q2', 'q3', 'q3b']);
    // this tab goes on showing what it showed
    expect(shownIds(merged).at(-1)).toBe('q3');
  });

  test('an answer grows here as it grows there, and not the other way round', () => {
    const [mine, theirs] = copies();
    theirs.turns[3].content = 'a2 and more';
    theirs.updatedAt = 5;
    expect(mergeConversation(mine, theirs, none).turns[3].content).toBe('a2 and more');
    expect(mergeConversation(mine, theirs, new Set(['a2'])).turns[3].content).toBe('a2');
    expect(mergeConversation(theirs, mine, none).turns[3].content).toBe('a2 and more');
  });
});

describe('an answer that another window writes', () => {
  const copies = () => [conversation(), conversation()] as const;
  const written = (values: Partial<Turn> = {}) => {
    const made = conversation();
    Object.assign(made.turns[3], { state: 'streaming', writer: 'w', changedAt: 3, ...values });
    return made;
  };

  test('its end holds, however often the conversation was changed elsewhere since', () => {
    const old = { ...written(), updatedAt: 99 };
    const ended = written({ state: 'stop', content: 'a2, whole', changedAt: 4 });
    for (const merged of [mergeConversation(old, ended), mergeConversation(ended, old)]) {
      expect(merged.turns[3]).toMatchObject({ state: 'stop', content: 'a2, whole' });
      expect(merged.updatedAt).toBe(99);
    }
  });

  test('is not cut off by opening it, and is once that window is gone', () => {
    const opened = parseConversation(written());
    expect(opened?.turns[3].state).toBe('streaming');
    expect(writersOf(written(), 'me')).toEqual(['w']);
    expect(writersOf(written(), 'w')).toEqual([]);
    const ended = withoutWriter(written(), 'w');
    expect(ended.turns[3]).toMatchObject({ content: 'a2', state: 'failed', error: { code: 'interrupted' } });
    expect(withoutWriter(written(), 'another').turns[3].state).toBe('streaming');
    // a state from before does not bring it back
    expect(mergeConversation(ended, written()).turns[3].state).toBe('failed');
    expect(mergeConversation(written(), ended).turns[3].state).toBe('failed');
  });

  test('a name stays that was given in one window while the other wrote', () => {
    const [named, other] = copies();
    Object.assign(named, { title: 'Mine', titleAt: 5, updatedAt: 5 });
    other.updatedAt = 9;
    expect(mergeConversation(other, named).title).toBe('Mine');
    expect(mergeConversation(named, other).title).toBe('Mine');
  });
});

test('the search wants every word, in any message and any case', () => {
  const made = conversation();
  made.turns[1].content = 'The capital of Peru is Lima.';
  expect(mentions(made, 'lima PERU')).toBe(true);
  expect(mentions(made, 'lima chile')).toBe(false);
});

test('titles are short and do not cut words', () => {
  expect(titleOf('Hello\nthere')).toBe('Hello');
  const title = titleOf('Write a poem about the sea and everything that lives in it, please');
  expect(title).toBe('Write a poem about the sea and everything that…');
});
