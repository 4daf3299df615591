import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;

/**
 * Folds a topic with Kafka Streams and tells on standard output how far it is, a JSON object a line: "first" record, "half"
 * of what was there at the start, all of it "folded", "digest" of all states, "closed". Standard input says "digest" and "close"; its end
 * ends the program.
 *
 * <p>Peer BROKERS INPUT OUTPUT DIRECTORY default|tuned at_least_once|exactly_once_v2
 */
public final class Peer {
  private final Properties settings = new Properties();
  private final String input;
  private final String output;
  private final long[] ends;
  private final AtomicLongArray folded;
  private final long start;
  private KafkaStreams streams;

  private Peer(String[] words) throws Exception {
    input = words[1];
    output = words[2];
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "peer-" + input);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, words[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, words[3]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, words[5]);
    // What is not committed yet is read from the beginning, as ours does.
    settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    if (words[4].equals("tuned")) tune(words[5]);
    try (Admin admin = Admin.create(settings)) {
      ends = ends(admin);
      folded = new AtomicLongArray(ends.length);
      var committed =
          admin.listConsumerGroupOffsets("peer-" + input).partitionsToOffsetAndMetadata().get();
      committed.forEach(
          (at, offset) -> {
            if (at.topic().equals(input) && offset != null) folded.set(at.partition(), offset.offset());
          });
    }
    start = sum();
  }

  /** Everything else stays as Kafka Streams has it. The reasons are in docs/bench.md. */
  private void tune(String guarantee) {
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, guarantee.equals("at_least_once") ? 10_000 : 1_000);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
    settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, TunedRocks.class);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 128 << 10);
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 << 20);
    // Started again it has its partitions back at once.
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), "peer");
    settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 10_000);
  }

  private long[] ends(Admin admin) throws Exception {
    var about = admin.describeTopics(List.of(input)).allTopicNames().get().get(input);
    var asked =
        IntStream.range(0, about.partitions().size())
            .boxed()
            .collect(Collectors.toMap(p -> new TopicPartition(input, p), p -> OffsetSpec.latest()));
    var answers = admin.listOffsets(asked).all().get();
    long[] result = new long[asked.size()];
    answers.forEach((at, offset) -> result[at.partition()] = offset.offset());
    return result;
  }

  private Topology topology() {
    var states =
        Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(Fold.STORE), Serdes.String(), State.serde())
            .withCachingEnabled();
    var bytes = Serdes.ByteArray();
    return new Topology()
        .addSource("events", bytes.deserializer(), bytes.deserializer(), input)
        .addProcessor("fold", () -> new Fold(folded), "events")
        .addStateStore(states, "fold")
        .addSink("derived", output, Serdes.String().serializer(), bytes.serializer(), "fold");
  }

  private long sum() {
    return IntStream.range(0, ends.length).mapToLong(folded::get).sum();
  }

  private boolean allFolded() {
    return IntStream.range(0, ends.length).allMatch(p -> folded.get(p) >= ends[p]);
  }

  private static void tell(String at, String more) {
    System.out.println("{\"at\": \"" + at + "\"" + more + "}");
    System.out.flush();
  }

  private void watch() throws InterruptedException {
    boolean first = false;
    boolean half = false;
    long middle = (start + LongStream.of(ends).sum()) / 2;
    while (!allFolded()) {
      if (!first && sum() > start) {
        first = true;
        tell("first", "");
      }
      if (first && !half && sum() >= middle) {
        half = true;
        tell("half", "");
      }
      Thread.sleep(2);
    }
    if (!half) tell("half", "");
    tell("folded", ", \"records\": " + (sum() - start));
  }

  private String digest() throws Exception {
    var sorted = new TreeMap<String, byte[]>();
    var store =
        streams.store(StoreQueryParameters.fromNameAndType(Fold.STORE, QueryableStoreTypes.<String, State>keyValueStore()));
    try (var all = store.all()) {
      while (all.hasNext()) {
        var entry = all.next();
        sorted.put(entry.key, entry.value.encode());
      }
    }
    var digest = MessageDigest.getInstance("SHA-256");
    for (var entry : sorted.entrySet()) {
      digest.update((entry.getKey() + '\n').getBytes(StandardCharsets.UTF_8));
      digest.update((HexFormat.of().formatHex(entry.getValue()) + '\n').getBytes(StandardCharsets.UTF_8));
    }
    return ", \"streams\": " + sorted.size() + ", \"states\": \"" + HexFormat.of().formatHex(digest.digest()) + '"';
  }

  private void run() throws Exception {
    streams = new KafkaStreams(topology(), settings);
    streams.setUncaughtExceptionHandler(
        e -> {
          e.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.setStateListener(
        (now, before) -> {
          // Nothing would come any more.
          if (now == KafkaStreams.State.ERROR) Runtime.getRuntime().halt(1);
        });
    streams.start();
    watch();
    var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String command; (command = commands.readLine()) != null; ) {
      if (command.equals("digest")) tell("digest", digest());
      if (command.equals("close")) {
        streams.close();
        tell("closed", "");
      }
    }
  }

  public static void main(String[] words) throws Exception {
    new Peer(words).run();
    System.exit(0);
  }
}
