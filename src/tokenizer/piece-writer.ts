// A SentencePiece model's bytes from its pieces: `tokenizer.model` for programs that read nothing else.

import { type Piece, type PieceModel, PieceType } from './pieces';

const BPE = 2;

/** Ids of the pieces with a role; −1 is none. */
export interface PieceRoles {
  readonly unknown: number;
  readonly bos: number;
  readonly eos: number;
}

/** Fields as sentencepiece_model.proto numbers them. */
export function writePieceModel({ pieces, normalizer }: PieceModel, roles: PieceRoles): Uint8Array<ArrayBuffer> {
  const out = new Message();
  for (const { text, score, type } of pieces) {
    const piece = new Message().text(1, text).float(2, score);
    out.message(1, type === PieceType.normal ? piece : piece.number(3, type));
  }
  const named = (field: number, id: number, trainer: Message) => {
    const { text } = pieces[id] ?? {};
    return text === undefined ? trainer : trainer.text(field, text);
  };
  const trainer = new Message()
    .number(3, BPE)
    .number(4, pieces.length)
    .number(35, Number(hasBytes(pieces)))
    .number(40, roles.unknown)
    .number(41, roles.bos)
    .number(42, roles.eos)
    .number(43, -1);
  named(45, roles.unknown, trainer);
  named(46, roles.bos, trainer);
  named(47, roles.eos, trainer);
  out.message(2, trainer);
  const { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces, charsMap } = normalizer;
  const rules = new Message()
    .text(1, charsMap.length ? 'nmt_nfkc' : 'identity')
    .bytes(2, charsMap)
    .number(3, Number(addDummyPrefix))
    .number(4, Number(removeExtraWhitespaces))
    .number(5, Number(escapeWhitespaces));
  return out.message(3, rules).finish();
}

function hasBytes(pieces: readonly Piece[]): boolean {
  return pieces.some(({ type }) => type === PieceType.byte);
}

/** A Protocol Buffers message, field after field. */
class Message {
  readonly #bytes: number[] = [];

  number(field: number, value: number): this {
    this.#tag(field, 0);
    // negative int32 values take ten bytes
    let left = BigInt.asUintN(64, BigInt(value));
    for (; left > 127n; left >>= 7n) this.#bytes.push(Number(left & 127n) | 128);
    this.#bytes.push(Number(left));
    return this;
  }

  float(field: number, value: number): this {
    this.#tag(field, 5);
    this.#bytes.push(...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, message: Message): this {
    return this.bytes(field, message.#bytes);
  }

  bytes(field: number, value: ArrayLike<number>): this {
    this.#tag(field, 2);
    for (let left = value.length; ; left >>>= 7) {
      this.#bytes.push(left > 127 ? (left & 127) | 128 : left);
      if (left <= 127) break;
    }
    for (let i = 0; i < value.length; i++) this.#bytes.push(value[i]);
    return this;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }

  #tag(field: number, wire: number): void {
    const tag = field * 8 + wire;
    if (tag > 127) this.#bytes.push((tag & 127) | 128, tag >>> 7);
    else this.#bytes.push(tag);
  }
}
