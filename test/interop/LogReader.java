import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.io.PrintStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.Utils;

/**
 * Apache's own client as the judge of what is in the log: prints every record of the topics, from the
 * beginning to the end offsets of the moment it starts, one JSON line each. Or prints the partitions
 * that Java's default partitioner chooses for keys.
 *
 * java -cp JARS LogReader.java --bootstrap HOST:PORT --topic a,b
 * java -cp JARS LogReader.java --partition-of key,key --partitions 12
 */
public class LogReader {
  private static final PrintStream OUT = new PrintStream(
      new java.io.FileOutputStream(java.io.FileDescriptor.out), false, StandardCharsets.UTF_8);

  public static void main(String[] arguments) {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < arguments.length; i += 2) options.put(arguments[i], arguments[i + 1]);
    if (options.containsKey("--partition-of")) {
      printPartitions(options.get("--partition-of").split(",", -1),
          Integer.parseInt(options.getOrDefault("--partitions", "12")));
    } else if (options.containsKey("--bootstrap") && options.containsKey("--topic")) {
      printLog(options.get("--bootstrap"), options.get("--topic").split(","));
    } else {
      System.err.println("usage: --bootstrap HOST:PORT --topic a,b | --partition-of a,b [--partitions 12]");
      System.exit(2);
    }
    OUT.flush();
  }

  private static void printPartitions(String[] keys, int partitions) {
    for (String key : keys) {
      int hash = Utils.murmur2(key.getBytes(StandardCharsets.UTF_8));
      OUT.println("{\"key\":" + text(key) + ",\"murmur2\":" + hash
          + ",\"partition\":" + Utils.toPositive(hash) % partitions + "}");
    }
  }

  private static void printLog(String bootstrap, String[] topics) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("enable.auto.commit", "false");
    settings.put("max.poll.records", "5000");
    settings.put("allow.auto.create.topics", "false");
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
        settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> places = new ArrayList<>();
      for (String topic : topics) {
        consumer.partitionsFor(topic)
            .forEach(info -> places.add(new TopicPartition(topic, info.partition())));
      }
      Map<TopicPartition, Long> ends = consumer.endOffsets(places);
      consumer.assign(places);
      consumer.seekToBeginning(places);
      while (places.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
          TopicPartition place = new TopicPartition(record.topic(), record.partition());
          if (record.offset() < ends.get(place)) OUT.println(line(record));
        }
      }
    }
  }

  private static String line(ConsumerRecord<byte[], byte[]> record) {
    StringBuilder headers = new StringBuilder();
    for (Header header : record.headers()) {
      if (headers.length() > 0) headers.append(',');
      headers.append(text(header.key())).append(':').append(text(header.value()));
    }
    return "{\"topic\":" + text(record.topic()) + ",\"partition\":" + record.partition()
        + ",\"offset\":" + record.offset() + ",\"key\":" + text(record.key())
        + ",\"value\":" + (record.value() == null ? "null"
            : '"' + Base64.getEncoder().encodeToString(record.value()) + '"')
        + ",\"headers\":{" + headers + "},\"timestamp\":" + record.timestamp() + "}";
  }

  private static String text(byte[] bytes) {
    return bytes == null ? "null" : text(new String(bytes, StandardCharsets.UTF_8));
  }

  private static String text(String value) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : value.toCharArray()) {
      if (c == '"' || c == '\\') json.append('\\').append(c);
      else if (c < 0x20) json.append(String.format("\\u%04x", (int) c));
      else json.append(c);
    }
    return json.append('"').toString();
  }
}
