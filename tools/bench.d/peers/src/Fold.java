import com.google.protobuf.InvalidProtocolBufferException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import trigpoint.v1.Events.Event;

/** The small fold of ../FOLD.md. */
final class Fold implements Processor<byte[], byte[], String, byte[]> {
  static final String STORE = "states";
  private static final int STEP = 10;

  private final AtomicLongArray folded;
  private ProcessorContext<String, byte[]> context;
  private KeyValueStore<String, State> states;

  /** @param folded the next offset of each partition; shared by all threads */
  Fold(AtomicLongArray folded) {
    this.folded = folded;
  }

  @Override
  public void init(ProcessorContext<String, byte[]> context) {
    this.context = context;
    states = context.getStateStore(STORE);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Event event;
    try {
      event = Event.parseFrom(record.value());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a record is no event", e);
    }
    if (!event.getStreamId().isEmpty()) fold(event, record.timestamp());
    var at = context.recordMetadata().orElseThrow();
    folded.set(at.partition(), at.offset() + 1);
  }

  private void fold(Event event, long timestamp) {
    State state = states.get(event.getStreamId());
    if (state == null) state = new State();
    int before = state.window();
    state.add(
        event.getPayloadCase().getNumber(),
        event.getOccurredAt().getSeconds() * 1_000_000 + event.getOccurredAt().getNanos() / 1000);
    states.put(event.getStreamId(), state);
    int after = state.window();
    if (after / STEP <= before / STEP) return;
    String cause = event.getStreamId() + '\n' + event.getSource() + '\n' + event.getId();
    String value = sha256(cause).substring(0, 32) + '\n' + cause + '\n' + after;
    context.forward(
        new Record<>(event.getStreamId(), value.getBytes(StandardCharsets.UTF_8), timestamp));
  }

  private static String sha256(String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
