// Python's pickles as data (CPython Lib/pickletools.py, protocols 2 to 5). Nothing is ever run: a pickle may only name
// what the caller knows, and what it "calls" is the caller's own. Work and memory are linear in the bytes.

import { PronkError, corruptFile } from '../../core/errors';

/** What a pickle may name, and what becomes of it. Lists are arrays, tuples are frozen ones, dicts are `Map`s. */
export interface PickleWorld {
  /** What stands for a global; undefined refuses it. */
  global(name: string): unknown;
  /** The result of calling what `global` returned; undefined refuses it. */
  call(callee: unknown, args: readonly unknown[]): unknown;
  /** What stands for a persistent id; undefined refuses it. */
  persistent(id: unknown): unknown;
}

/** Refusal of a pickle that does more than hold data. `name` is what it asks for. */
function unsafePickle(file: string, name: string): PronkError {
  return new PronkError(
    'unsafe-pickle',
    `${file} is not only data: it names ${name}, which Python would load or call while opening the file. ` +
      'Pronk has run nothing of it. Get the model as safetensors, or save its state_dict() alone.',
  );
}

/**
 * The value that a pickle holds.
 * @param file for messages
 * @throws PronkError `unsafe-pickle` naming what it may not; `corrupt-file`
 */
export function readPickle(bytes: Uint8Array, file: string, world: PickleWorld): unknown {
  const machine = new Machine(bytes, file, world);
  try {
    return machine.run();
  } catch (error) {
    if (error instanceof PronkError) throw error;
    throw corruptFile(file, 'its pickle breaks off or makes no sense');
  }
}

const TEXT = new TextDecoder('utf-8', { fatal: true });
const LATIN1 = new TextDecoder('latin1');

class Machine {
  private at = 0;
  private stack: unknown[] = [];
  private readonly outer: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly file: string;
  private readonly world: PickleWorld;

  constructor(bytes: Uint8Array, file: string, world: PickleWorld) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.file = file;
    this.world = world;
  }

  run(): unknown {
    for (;;) {
      const code = this.u8();
      if (code === 0x2e) return this.pop();
      this.step(code);
    }
  }

  private step(code: number): void {
    switch (code) {
      case 0x80: {
        const version = this.u8();
        if (version < 2 || version > 5) throw new RangeError(`protocol ${version}`);
        return;
      }
      case 0x95: // FRAME
        this.take(8);
        return;
      case 0x28: // MARK
        this.outer.push(this.stack);
        this.stack = [];
        return;
      case 0x30: // POP
        this.pop();
        return;
      case 0x31: // POP_MARK
        this.sinceMark();
        return;
      case 0x32: // DUP
        return this.push(this.top());

      case 0x4e: // NONE
        return this.push(null);
      case 0x88: // NEWTRUE
        return this.push(true);
      case 0x89: // NEWFALSE
        return this.push(false);
      case 0x4a: // BININT
        return this.push(this.view.getInt32(this.take(4), true));
      case 0x4b: // BININT1
        return this.push(this.u8());
      case 0x4d: // BININT2
        return this.push(this.view.getUint16(this.take(2), true));
      case 0x8a: // LONG1
        return this.push(this.integer(this.u8()));
      case 0x8b: // LONG4
        return this.push(this.integer(this.u32()));
      case 0x47: // BINFLOAT
        return this.push(this.view.getFloat64(this.take(8)));

      case 0x8c: // SHORT_BINUNICODE
        return this.push(TEXT.decode(this.slice(this.u8())));
      case 0x58: // BINUNICODE
        return this.push(TEXT.decode(this.slice(this.u32())));
      case 0x8d: // BINUNICODE8
        return this.push(TEXT.decode(this.slice(this.u64())));
      case 0x55: // SHORT_BINSTRING
        return this.push(LATIN1.decode(this.slice(this.u8())));
      case 0x54: // BINSTRING
        return this.push(LATIN1.decode(this.slice(this.u32())));
      case 0x43: // SHORT_BINBYTES
        return this.push(this.slice(this.u8()));
      case 0x42: // BINBYTES
        return this.push(this.slice(this.u32()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.push(this.slice(this.u64()));

      case 0x29: // EMPTY_TUPLE
        return this.push(Object.freeze([]));
      case 0x74: // TUPLE
        return this.push(Object.freeze(this.sinceMark()));
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.push(Object.freeze(this.popMany(code - 0x84)));
      case 0x5d: // EMPTY_LIST
        return this.push([]);
      case 0x6c: // LIST
        return this.push(this.sinceMark());
      case 0x61: // APPEND
        return this.append(this.popMany(1));
      case 0x65: // APPENDS
        return this.append(this.sinceMark());
      case 0x7d: // EMPTY_DICT
        return this.push(new Map());
      case 0x64: {
        // DICT
        const items = this.sinceMark();
        this.push(new Map());
        return this.setItems(items);
      }
      case 0x73: // SETITEM
        return this.setItems(this.popMany(2));
      case 0x75: // SETITEMS
        return this.setItems(this.sinceMark());
      case 0x8f: // EMPTY_SET
        return this.push(new Set());
      case 0x91: // FROZENSET
        return this.push(Object.freeze(this.sinceMark()));
      case 0x90: {
        // ADDITEMS
        const items = this.sinceMark();
        const set = this.top();
        if (!(set instanceof Set)) throw new TypeError('items for what is not a set');
        for (const item of items) set.add(item);
        return;
      }

      case 0x71: // BINPUT
        return this.remember(this.u8());
      case 0x72: // LONG_BINPUT
        return this.remember(this.u32());
      case 0x94: // MEMOIZE
        return this.remember(this.memo.size);
      case 0x68: // BINGET
        return this.recall(this.u8());
      case 0x6a: // LONG_BINGET
        return this.recall(this.u32());

      case 0x63: // GLOBAL
        return this.global(this.line(), this.line());
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popMany(2);
        return this.global(module, name);
      }
      case 0x52: {
        // REDUCE
        const [callee, args] = this.popMany(2);
        if (!Array.isArray(args)) throw new TypeError('arguments that are not a tuple');
        const result = this.world.call(callee, args);
        if (result === undefined) throw unsafePickle(this.file, 'a call that Pronk does not know');
        return this.push(result);
      }
      case 0x62: {
        // BUILD: the attributes of a dict (torch's _metadata) say nothing about its items
        this.pop();
        if (!(this.top() instanceof Map)) throw unsafePickle(this.file, 'the state of an object');
        return;
      }
      case 0x51: {
        // BINPERSID
        const found = this.world.persistent(this.pop());
        if (found === undefined) throw new TypeError('unknown persistent id');
        return this.push(found);
      }
      case 0x69: // INST
        this.global(this.line(), this.line());
        throw unsafePickle(this.file, 'a constructor');
      case 0x6f: // OBJ
      case 0x81: // NEWOBJ
      case 0x92: // NEWOBJ_EX
        throw unsafePickle(this.file, 'a constructor');
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw unsafePickle(this.file, 'an entry of copyreg’s extension registry');
      default:
        throw new RangeError(`unknown opcode ${code}`);
    }
  }

  private take(count: number): number {
    const { at } = this;
    if (!(at + count <= this.bytes.length)) throw new RangeError('ends too soon');
    this.at += count;
    return at;
  }

  private slice(count: number): Uint8Array {
    const at = this.take(count);
    return this.bytes.subarray(at, at + count);
  }

  private u8(): number {
    return this.bytes[this.take(1)];
  }

  private u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private u64(): number {
    return Number(this.view.getBigUint64(this.take(8), true));
  }

  /** Two's complement, little-endian. */
  private integer(count: number): number {
    if (count === 0) return 0;
    if (count > 8) throw new RangeError('an integer too long');
    const bytes = this.slice(count);
    const padded = new Uint8Array(8).fill(bytes[count - 1] & 0x80 ? 0xff : 0);
    padded.set(bytes);
    return Number(new DataView(padded.buffer).getBigInt64(0, true));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new RangeError('a line without an end');
    const text = TEXT.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  private push(value: unknown): void {
    this.stack.push(value);
  }

  private pop(): unknown {
    if (!this.stack.length) throw new RangeError('nothing on the stack');
    return this.stack.pop();
  }

  private popMany(count: number): unknown[] {
    if (this.stack.length < count) throw new RangeError('too little on the stack');
    return this.stack.splice(-count);
  }

  private top(): unknown {
    if (!this.stack.length) throw new RangeError('nothing on the stack');
    return this.stack.at(-1);
  }

  private sinceMark(): unknown[] {
    const items = this.stack;
    const outer = this.outer.pop();
    if (!outer) throw new RangeError('no mark');
    this.stack = outer;
    return items;
  }

  private append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || Object.isFrozen(list)) throw new TypeError('items for what is not a list');
    for (const item of items) list.push(item);
  }

  private setItems(items: unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map) || items.length % 2) throw new TypeError('items for what is not a dict');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  private remember(index: number): void {
    this.memo.set(index, this.top());
  }

  private recall(index: number): void {
    if (!this.memo.has(index)) throw new RangeError('nothing in the memo');
    this.push(this.memo.get(index));
  }

  private global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw new TypeError('a global without a name');
    const found = this.world.global(`${module}.${name}`);
    if (found === undefined) throw unsafePickle(this.file, `${module}.${name}`);
    this.push(found);
  }
}
