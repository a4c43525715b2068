// The few facts that a loader needs from a SentencePiece model (sentencepiece_model.proto): how many pieces, and which
// of them begin and end a text. Configurations beside it are often wrong about the latter; the model is the truth.

import { corruptFile } from '../../core/errors';

export interface SentencePieceFacts {
  /** Every piece's text, by id. */
  readonly pieces: readonly string[];
  /** Undefined where the model has none (−1). */
  readonly unknownId?: number;
  readonly bosId?: number;
  readonly eosId?: number;
}

/**
 * Reads the pieces and the special ids.
 * @throws PronkError `corrupt-file` when the bytes are not a SentencePiece model
 */
export function readSentencePiece(bytes: Uint8Array, name: string): SentencePieceFacts {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pieces: string[] = [];
  // The proto's defaults.
  const ids: Record<number, number> = { 40: 0, 41: 1, 42: 2 };
  try {
    for (const { field, body } of fields(bytes)) {
      if (field === 1 && body) {
        const text = [...fields(body)].find((each) => each.field === 1)?.body;
        pieces.push(decoder.decode(text ?? new Uint8Array(0)));
      }
      if (field === 2 && body) for (const { field: id, value } of fields(body)) if (id in ids) ids[id] = value;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw corruptFile(name, 'it is not a SentencePiece model');
  }
  if (!pieces.length) throw corruptFile(name, 'it is not a SentencePiece model');
  const valid = (id: number) => (id >= 0 && id < pieces.length ? id : undefined);
  const [unknownId, bosId, eosId] = [valid(ids[40]), valid(ids[41]), valid(ids[42])];
  return {
    pieces,
    ...(unknownId !== undefined && { unknownId }),
    ...(bosId !== undefined && { bosId }),
    ...(eosId !== undefined && { eosId }),
  };
}

/** Protobuf fields of a message: length-delimited ones have a body, varints a value (as int32). */
function* fields(bytes: Uint8Array): Generator<{ field: number; value: number; body?: Uint8Array }> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= bytes.length) throw new RangeError('message ends within a number');
      const byte = bytes[at++];
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError('number too long');
  };
  const skip = (length: number) => {
    if (length < 0 || at + length > bytes.length) throw new RangeError('message ends within a field');
    at += length;
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { field, value: varint() };
        break;
      case 1:
        skip(8);
        break;
      case 2: {
        const length = varint();
        skip(length);
        yield { field, value: 0, body: bytes.subarray(at - length, at) };
        break;
      }
      case 5:
        skip(4);
        break;
      default:
        throw new RangeError('unknown wire type');
    }
  }
}
