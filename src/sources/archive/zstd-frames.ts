/**
 * Where the frames of a zstd stream end. node's decoder takes a piece that goes on after the end of a frame for the last one, and
 * takes a frame that is cut off for whole. See: RFC 8878, 3.1. Decodes nothing.
 */

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** Type of a block of one byte that is repeated. */
const REPEATED = 1;

/**
 * The same bytes in pieces that end where a frame does, or earlier. What is no frame comes as it is: the decoder refuses it.
 *
 * @throws Error after the last piece if a frame is cut off; what reading the chunks throws.
 */
export async function* splitFrames(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const frames = walkFrames();
  let step = frames.next();
  let taken = Buffer.alloc(0);
  let passed = 0;
  let inside = false;
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = 0; at < chunk.length && !step.done; ) {
      const { kind, length } = step.value;
      const piece = chunk.subarray(at, at + length - passed);
      at += piece.length;
      passed += piece.length;
      inside = true;
      if (kind === "take") taken = Buffer.concat([taken, piece]);
      if (passed < length) break;
      step = frames.next(taken);
      [passed, taken] = [0, Buffer.alloc(0)];
      while (!step.done && step.value.length === 0) {
        inside = step.value.kind !== "end";
        if (!inside) {
          yield chunk.subarray(start, at);
          start = at;
        }
        step = frames.next(taken);
      }
    }
    if (start < chunk.length) yield chunk.subarray(start);
  }
  if (inside) throw new Error("the zstd frame is cut off");
}

/** Bytes to look at, bytes to pass over, or a frame's end, which has none. */
interface Step {
  readonly kind: "take" | "pass" | "end";
  readonly length: number;
}

/** Goes over frames for ever, or up to what is none. Is given the bytes of each `take`. */
function* walkFrames(): Generator<Step, void, Buffer> {
  for (;;) {
    const magic = (yield take(4)).readUInt32LE();
    if ((magic & 0xfffffff0) === SKIPPABLE) yield pass((yield take(4)).readUInt32LE());
    else if (magic === MAGIC) yield* walkFrame();
    else return;
    yield { kind: "end", length: 0 };
  }
}

function* walkFrame(): Generator<Step, void, Buffer> {
  const descriptor = (yield take(1)).readUInt8();
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  yield pass((single ? 0 : 1) + dictionary + contentSize);
  for (let last = false; !last; ) {
    const header = (yield take(3)).readUIntLE(0, 3);
    yield pass(((header >> 1) & 3) === REPEATED ? 1 : header >>> 3);
    last = (header & 1) === 1;
  }
  if (descriptor & 0x04) yield pass(4);
}

const take = (length: number): Step => ({ kind: "take", length });
const pass = (length: number): Step => ({ kind: "pass", length });
