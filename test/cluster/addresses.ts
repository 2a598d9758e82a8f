/** Of the node, on a bridge of its own network; from pods, whatever runs beside the cluster is here. */
export const NODE_ADDRESS = '10.99.0.1'
export const NODE_NAME = 'node'
/** Of the Postgres beside the cluster. */
export const POSTGRES_PORT = 5432
/** A memory file system that only the cluster's namespaces see. */
export const STATE_FOLDER = '/run/cluster'
/** Where the brokers, the registry and the database beside the cluster are, as JSON. */
export const PARTS_FILE = `${STATE_FOLDER}/parts/addresses.json`

/** What runs beside the cluster, as its pods reach it. */
export interface ExternalAddresses {
  /** `host:port` of each. */
  readonly brokers: readonly string[]
  /** Base of Confluent's API. */
  readonly registryUrl: string
  /** With its password. */
  readonly databaseUrl: string
}
