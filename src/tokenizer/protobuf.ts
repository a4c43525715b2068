// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as much as a SentencePiece model uses.

/** One field: a varint's or a float's value, or the body of a length-delimited field. */
export interface Field {
  readonly number: number;
  readonly value: number;
  readonly body: Uint8Array;
}

const NO_BODY = new Uint8Array(0);

/**
 * Fields of a message in the order of its bytes. Varints are cut to int32, which every field that is read here is.
 * @throws RangeError when the bytes are not a message
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field, void, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = view.getUint8(at++);
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number is too long');
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { number, value: varint(), body: NO_BODY };
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const start = at + 0;
        const length = varint();
        const body = bytes.subarray(at, at + length);
        if (length < 0 || body.length !== length) throw new RangeError(`the field at ${start} is cut off`);
        at += length;
        yield { number, value: 0, body };
        break;
      }
      case 5:
        yield { number, value: view.getFloat32(at, true), body: NO_BODY };
        at += 4;
        break;
      default:
        throw new RangeError('unknown wire type');
    }
  }
}
