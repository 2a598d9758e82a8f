"""Another team's consumer in Python: Confluent's client with its Avro deserializer.

Knows nothing of this project. Prints each event of the topics, from the first one on, as a line of
JSON; ends when it is killed.

    python3 stock_reader.py HOST:PORT REGISTRY_URL TOPIC,TOPIC GROUP
"""

import base64
import datetime
import json
import struct
import sys

# README: begin
from confluent_kafka import Consumer, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def follow(brokers, topics, group, registry_url):
    """Every event of the topics, from the first one on, each with its Kafka message."""
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": registry_url}))
    settings = {"bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest"}
    consumer = Consumer(settings)
    consumer.subscribe(topics)
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        context = SerializationContext(message.topic(), MessageField.VALUE)
        yield message, deserialize(message.value(), context)


# README: end

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def plain(value):
    """What JSON does not know: bytes as base64, times as milliseconds since the epoch."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return (value - EPOCH) // datetime.timedelta(milliseconds=1)


def line_of(message, event):
    line = {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": str(message.offset()),
        "key": message.key().decode(),
        "headers": {name: value.decode() for name, value in message.headers()},
        "schema_id": struct.unpack(">I", message.value()[1:5])[0],
        "event": event,
    }
    return json.dumps(line, default=plain)


def main():
    if len(sys.argv) != 5:
        sys.exit("usage: stock_reader.py HOST:PORT REGISTRY_URL TOPIC,TOPIC GROUP")
    brokers, registry_url, topics, group = sys.argv[1:]
    for message, event in follow(brokers, topics.split(","), group, registry_url):
        print(line_of(message, event), flush=True)


if __name__ == "__main__":
    main()
