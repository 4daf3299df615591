import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/** All stores of the process share one cache, memtables counted in it, as Kafka's guide to memory advises. */
public final class TunedRocks implements RocksDBConfigSetter {
  static {
    RocksDB.loadLibrary();
  }

  private static final Cache CACHE = new LRUCache(64L << 20);
  private static final WriteBufferManager BUFFERS = new WriteBufferManager(32L << 20, CACHE);

  @Override
  public void setConfig(String store, Options options, Map<String, Object> configs) {
    var table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(CACHE);
    table.setCacheIndexAndFilterBlocks(true);
    options.setWriteBufferManager(BUFFERS);
    options.setTableFormatConfig(table);
    options.setCompressionType(CompressionType.LZ4_COMPRESSION);
  }

  @Override
  public void close(String store, Options options) {}
}
