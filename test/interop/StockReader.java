import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Another team's consumer: Apache's Kafka client and Apache Avro, with the schema asked of the registry
 * by the id in Confluent's frame. Knows nothing of this project. Prints every record of the topics, one
 * JSON line each, bytes as base64: up to the end offsets of the moment it starts, or until it is killed.
 *
 * java -cp JARS StockReader.java --bootstrap HOST:PORT --registry URL --topic a,b [--follow yes]
 */
public class StockReader {
  private static final PrintStream OUT = new PrintStream(
      new java.io.FileOutputStream(java.io.FileDescriptor.out), false, StandardCharsets.UTF_8);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Map<Integer, Schema> SCHEMAS = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) options.put(arguments[i], arguments[i + 1]);
    Properties settings = new Properties();
    settings.put("bootstrap.servers", options.get("--bootstrap"));
    settings.put("enable.auto.commit", "false");
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> places = new ArrayList<>();
      for (String topic : options.get("--topic").split(",")) {
        consumer.partitionsFor(topic)
            .forEach(info -> places.add(new TopicPartition(topic, info.partition())));
      }
      consumer.assign(places);
      consumer.seekToBeginning(places);
      Map<TopicPartition, Long> ends = consumer.endOffsets(places);
      boolean follow = options.containsKey("--follow");
      while (follow || places.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          OUT.println(JSON.writeValueAsString(read(record, options.get("--registry"))));
        }
        OUT.flush();
      }
    }
  }

  private static ObjectNode read(ConsumerRecord<byte[], byte[]> record, String registry) throws Exception {
    ByteBuffer value = ByteBuffer.wrap(record.value());
    if (value.get() != 0) throw new IllegalStateException("no Confluent frame");
    int schemaId = value.getInt();
    GenericRecord event = new GenericDatumReader<GenericRecord>(schemaOf(schemaId, registry)).read(
        null, DecoderFactory.get().binaryDecoder(record.value(), value.position(), value.remaining(), null));
    ObjectNode line = JSON.createObjectNode();
    line.put("topic", record.topic());
    line.put("partition", record.partition());
    line.put("offset", String.valueOf(record.offset()));
    line.put("key", new String(record.key(), StandardCharsets.UTF_8));
    ObjectNode headers = line.putObject("headers");
    record.headers().forEach(header ->
        headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
    line.put("schema_id", schemaId);
    line.set("event", plain(event));
    return line;
  }

  /** An Avro value as JSON. */
  private static JsonNode plain(Object value) {
    if (value instanceof GenericRecord) {
      GenericRecord record = (GenericRecord) value;
      ObjectNode fields = JSON.createObjectNode();
      for (Schema.Field field : record.getSchema().getFields()) {
        fields.set(field.name(), plain(record.get(field.pos())));
      }
      return fields;
    }
    if (value instanceof Collection) {
      ArrayNode items = JSON.createArrayNode();
      ((Collection<?>) value).forEach(item -> items.add(plain(item)));
      return items;
    }
    if (value instanceof CharSequence) return JSON.getNodeFactory().textNode(value.toString());
    if (value instanceof ByteBuffer) {
      byte[] bytes = new byte[((ByteBuffer) value).remaining()];
      ((ByteBuffer) value).duplicate().get(bytes);
      return JSON.getNodeFactory().textNode(Base64.getEncoder().encodeToString(bytes));
    }
    return JSON.valueToTree(value);
  }

  private static Schema schemaOf(int id, String registry) throws Exception {
    if (!SCHEMAS.containsKey(id)) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
      String body = HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
      SCHEMAS.put(id, new Schema.Parser().parse(JSON.readTree(body).get("schema").asText()));
    }
    return SCHEMAS.get(id);
  }
}
