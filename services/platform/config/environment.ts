/** The process's environment as a frozen value. The only place that reads `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

export function processEnvironment(): Environment {
  // biome-ignore lint/style/noProcessEnv: this file is the one door to the environment
  return Object.freeze({ ...process.env })
}
