/** Something that a person can put right; its message is the one line they see. */
export class CliFault extends Error {
  /** 1: it did not work out; 2: the command was used wrongly. */
  readonly exitCode: 1 | 2

  constructor(message: string, exitCode: 1 | 2) {
    super(message)
    this.name = 'CliFault'
    this.exitCode = exitCode
  }
}

/** The command was used wrongly. */
export function usageFault(message: string): CliFault {
  return new CliFault(message, 2)
}

/** The command was right, the world was not. */
export function failure(message: string): CliFault {
  return new CliFault(message, 1)
}
