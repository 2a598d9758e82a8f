/** Where one broker of a cluster listens. */
export interface BrokerPlace {
  readonly nodeId: number
  readonly port: number
  readonly controllerPort: number
}

export interface ClusterShape {
  readonly places: readonly BrokerPlace[]
  readonly replicationFactor: number
  readonly minInsyncReplicas: number
}

/**
 * The server.properties of one broker, which is a controller too. A dead broker is fenced after
 * 1.5 s, where Kafka's default of 9 s makes every record of a replicated topic wait that long.
 * Leaders stay where a test puts them.
 */
export function brokerProperties(place: BrokerPlace, shape: ClusterShape, logDir: string): string {
  const { nodeId, port, controllerPort } = place
  const voters = shape.places.map((each) => `${each.nodeId}@127.0.0.1:${each.controllerPort}`)
  const { replicationFactor: replicas, minInsyncReplicas: insync } = shape
  return `${[
    'process.roles=broker,controller',
    `node.id=${nodeId}`,
    `controller.quorum.voters=${voters.join(',')}`,
    'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name=PLAINTEXT',
    `log.dirs=${logDir}`,
    'auto.create.topics.enable=false',
    'auto.leader.rebalance.enable=false',
    'group.initial.rebalance.delay.ms=0',
    `default.replication.factor=${replicas}`,
    `min.insync.replicas=${insync}`,
    ...internalTopics(replicas, insync),
    'broker.session.timeout.ms=1500',
    'broker.heartbeat.interval.ms=500',
    'num.network.threads=2',
    'num.io.threads=4',
    'log.cleaner.dedupe.buffer.size=4194304',
  ].join('\n')}\n`
}

function internalTopics(replicas: number, insync: number): string[] {
  return [
    'offsets.topic.num.partitions=8',
    `offsets.topic.replication.factor=${replicas}`,
    'transaction.state.log.num.partitions=8',
    `transaction.state.log.replication.factor=${replicas}`,
    `transaction.state.log.min.isr=${insync}`,
    'share.coordinator.state.topic.num.partitions=8',
    `share.coordinator.state.topic.replication.factor=${replicas}`,
    `share.coordinator.state.topic.min.isr=${insync}`,
  ]
}
