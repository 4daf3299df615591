// A partner's client in Java, with Apache Kafka's own: as python/client.py. Run as a single file: java -cp LIB/* Client.java
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Client {
  public static void main(String[] arguments) throws Exception {
    String tls = arguments[1];
    String name = arguments[2];
    String topic = arguments[3];
    int count = Integer.parseInt(arguments[5]);
    Properties settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("security.protocol", "SSL");
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.location", tls + "/ca.pem");
    settings.put("ssl.keystore.type", "PEM");
    settings.put("ssl.keystore.key", Files.readString(Path.of(tls, name + ".key")));
    settings.put("ssl.keystore.certificate.chain", Files.readString(Path.of(tls, name + ".pem")));
    settings.put("acks", "all");
    settings.put("enable.idempotence", "true");
    settings.put("group.id", name + "-java");
    settings.put("auto.offset.reset", "earliest");
    ObjectMapper json = new ObjectMapper();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
      BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        JsonNode message = json.readTree(line);
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(
            topic, message.get("key").asText(), Base64.getDecoder().decode(message.get("value").asText()));
        message.get("headers").fields().forEachRemaining(header ->
            record.headers().add(header.getKey(), header.getValue().asText().getBytes(StandardCharsets.UTF_8)));
        producer.send(record).get();
      }
    } catch (ExecutionException refused) {
      System.out.println("{\"refused\": \"" + refused.getCause().getClass().getSimpleName() + "\"}");
      return;
    }
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(arguments[4]));
      for (int told = 0; told < count; ) {
        for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          ObjectNode outcome = json.createObjectNode();
          outcome.put("key", record.key());
          outcome.setAll((ObjectNode) json.readTree(record.value()));
          System.out.println(outcome);
          ++told;
        }
      }
    }
  }
}
