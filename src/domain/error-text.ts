/** Where a text in UTF-8 may be cut: never inside a character. */
const startOfCharacter = (bytes: Uint8Array, at: number): number => {
  let start = at;
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
};

/** The end of a stack trace often says more than its middle. */
const SHARE_OF_END = 0.25;

/**
 * An error's text as it is kept: at most `maxBytes` of it in UTF-8, from its beginning and its end,
 * with a note of how much was cut. Whoever lists tasks reads the texts of a whole page at once.
 */
export function boundedText(text: string, maxBytes: number): string {
  // No character takes more than three bytes a UTF-16 unit.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  const endBytes = Math.floor(maxBytes * SHARE_OF_END);
  const head = startOfCharacter(bytes, maxBytes - endBytes);
  const tail = startOfCharacter(bytes, bytes.length - endBytes);
  const decode = (part: Uint8Array) => new TextDecoder().decode(part);
  const note = `… (${tail - head} of ${bytes.length} bytes cut) …`;
  return `${decode(bytes.subarray(0, head))}\n${note}\n${decode(bytes.subarray(tail))}`;
}
