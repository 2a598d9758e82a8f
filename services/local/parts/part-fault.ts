/** What went wrong with a part of the local stack, in words for the person at the terminal. */
export class PartFault extends Error {
  override readonly name = 'PartFault'
}
