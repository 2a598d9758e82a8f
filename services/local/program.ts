import { Command, CommanderError } from 'commander'

/** What was asked for on the command line. */
export interface LaunchOptions {
  /** Begin anew: the state of earlier runs is removed first. */
  readonly fresh: boolean
  /** Send one sample of every event type when the stack is ready. */
  readonly sample: boolean
}

/** The command was used wrongly; its message is the one line that is printed. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault'
}

const NAME = 'npm start --'

function program(): Command {
  return new Command(NAME)
    .description('Runs the whole system on this machine until Ctrl-C.')
    .option('--fresh', 'begin anew: remove the data, endpoints and logs of earlier runs')
    .option('--no-sample', 'do not send a sample of every event type')
    .addHelpText(
      'after',
      `\nExamples:\n  $ npm start\n  $ ${NAME} --fresh\n  $ ${NAME} --no-sample\n  $ PORTS=auto LOCAL_DIR=.local-2 npm start\n`,
    )
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .showHelpAfterError(false)
    .allowExcessArguments(false)
}

/** What commander says of wrong use, as one line with a way out. */
function usageFault(message: string): UsageFault {
  const text = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  return new UsageFault(`${text.trim()} (see \`${NAME} --help\`)`)
}

/**
 * Reads the arguments.
 *
 * @returns null when the help was asked for, and has been printed.
 * @throws UsageFault
 */
export function launchOptions(args: readonly string[]): LaunchOptions | null {
  try {
    const given = program()
      .parse([...args], { from: 'user' })
      .opts<Partial<LaunchOptions>>()
    return { fresh: given.fresh === true, sample: given.sample !== false }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return null
    throw usageFault(error.message)
  }
}
