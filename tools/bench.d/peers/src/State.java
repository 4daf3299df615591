import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** State of one stream, as ../FOLD.md says. */
final class State {
  private static final int WINDOW_DAYS = 90;
  private static final long DAY_US = 86_400_000_000L;
  private static final int REGISTERED = 100;

  private long last;
  private int[] kinds = {}, kindCounts = {};
  private int[] days = {}, dayCounts = {};

  int window() {
    int sum = 0;
    for (int count : dayCounts) sum += count;
    return sum;
  }

  void add(int kind, long occurredUs) {
    int at = Arrays.binarySearch(kinds, kind);
    if (at < 0) {
      kinds = insert(kinds, ~at, kind);
      kindCounts = insert(kindCounts, ~at, 0);
      at = ~at;
    }
    ++kindCounts[at];
    last = Math.max(last, occurredUs);
    int oldest = (int) Math.floorDiv(last, DAY_US) - WINDOW_DAYS + 1;
    dropBefore(oldest);
    int day = (int) Math.floorDiv(occurredUs, DAY_US);
    if (kind == REGISTERED || day < oldest) return;
    at = Arrays.binarySearch(days, day);
    if (at < 0) {
      days = insert(days, ~at, day);
      dayCounts = insert(dayCounts, ~at, 0);
      at = ~at;
    }
    ++dayCounts[at];
  }

  private void dropBefore(int oldest) {
    int gone = 0;
    while (gone < days.length && days[gone] < oldest) ++gone;
    if (gone == 0) return;
    days = Arrays.copyOfRange(days, gone, days.length);
    dayCounts = Arrays.copyOfRange(dayCounts, gone, dayCounts.length);
  }

  private static int[] insert(int[] from, int at, int value) {
    int[] to = new int[from.length + 1];
    System.arraycopy(from, 0, to, 0, at);
    to[at] = value;
    System.arraycopy(from, at, to, at + 1, from.length - at);
    return to;
  }

  byte[] encode() {
    ByteBuffer to = ByteBuffer.allocate(12 + 6 * kinds.length + 8 * days.length);
    to.putLong(last).putShort((short) kinds.length);
    for (int i = 0; i < kinds.length; ++i) to.putShort((short) kinds[i]).putInt(kindCounts[i]);
    to.putShort((short) days.length);
    for (int i = 0; i < days.length; ++i) to.putInt(days[i]).putInt(dayCounts[i]);
    return to.array();
  }

  static State decode(byte[] bytes) {
    State state = new State();
    ByteBuffer from = ByteBuffer.wrap(bytes);
    state.last = from.getLong();
    state.kinds = new int[from.getShort()];
    state.kindCounts = new int[state.kinds.length];
    for (int i = 0; i < state.kinds.length; ++i) {
      state.kinds[i] = from.getShort();
      state.kindCounts[i] = from.getInt();
    }
    state.days = new int[from.getShort()];
    state.dayCounts = new int[state.days.length];
    for (int i = 0; i < state.days.length; ++i) {
      state.days[i] = from.getInt();
      state.dayCounts[i] = from.getInt();
    }
    return state;
  }

  static Serde<State> serde() {
    Serializer<State> to = (topic, state) -> state == null ? null : state.encode();
    Deserializer<State> from = (topic, bytes) -> bytes == null ? null : decode(bytes);
    return Serdes.serdeFrom(to, from);
  }
}
