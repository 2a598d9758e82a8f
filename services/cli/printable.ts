/** Control characters of what others sent would move the reader's cursor, or hide what they read. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '?')
}
